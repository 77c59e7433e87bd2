"""The archive that an update image is: Zstandard, and in it a tar whose files have holes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
