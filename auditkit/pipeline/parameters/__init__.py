"""What to audit, and how: the parameters, from a file, a notebook, a name or a mapping."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
