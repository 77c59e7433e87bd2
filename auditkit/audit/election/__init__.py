"""What the NNS itself elected: the base release of a recovery, or the release that a proposal wants elected."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
