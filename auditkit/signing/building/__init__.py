"""Who vouches for an image that was built: the statement about a build, its signatures, and verifying them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
