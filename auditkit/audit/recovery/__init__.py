"""Is a recovery image the base release with the proposal added, and is its root blessed (checks 29 to 34)?"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
