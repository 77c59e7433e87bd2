"""A boot tree: its manifest, its files in a folder, its archive, and how two trees differ."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
