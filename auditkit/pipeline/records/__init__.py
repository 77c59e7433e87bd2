"""What an audit leaves behind so that it can be repeated: the record, the boot trees, files that were not kept."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
