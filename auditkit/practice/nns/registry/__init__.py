"""The practice registry canister: a small history of records, and what it answers about them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
