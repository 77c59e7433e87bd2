"""Who built the practice releases: an authority and logs like sigstore's, and attestations by them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
