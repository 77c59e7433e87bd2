"""How an audit is reported: one document, `audit.json`, and its renderings."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
