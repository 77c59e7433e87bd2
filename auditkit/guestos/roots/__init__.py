"""What is new in a root file system: two of them compared, name by name, while they are streamed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
