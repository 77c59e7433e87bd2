"""Candid, the interface language of canisters: a decoder, and the few arguments that we send."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
