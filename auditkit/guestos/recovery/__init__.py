"""A whole recovery image: the root file system that goes in, and the archive that holds it beside boot.img."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
