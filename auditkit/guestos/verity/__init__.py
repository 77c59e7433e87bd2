"""dm-verity: the root hash of ``root.img``, and whether its superblock says what dfinity's build says."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
