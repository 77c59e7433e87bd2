"""The NNS of the practice network: its keys and subnets, its proposals, and what it answers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
