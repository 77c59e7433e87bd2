"""The registry of the NNS in a folder: every version of it, certified, brought up to date, and looked up offline."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
