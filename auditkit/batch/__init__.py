"""How many audits stand: planned and run as one batch, and the newest verdict of each subject."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
