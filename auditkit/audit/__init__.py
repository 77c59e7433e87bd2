"""Do the proposal and the base release agree, and if not, why? No input or output: values in, decisions out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
