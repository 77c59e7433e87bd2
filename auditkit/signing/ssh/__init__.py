"""SSH keys, certificates, agents, and what is left to ssh-keygen."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
