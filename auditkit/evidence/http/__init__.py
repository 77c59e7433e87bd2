"""HTTP as auditkit speaks it: bounded in bytes and in time, without redirects, cookies or credentials."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
