"""What the decisions come to: a policy, the verdict under it, and what a verdict claims."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
