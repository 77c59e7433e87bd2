"""Progress that a person can watch: on a terminal, below a notebook's cell, or across from a kernel."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
