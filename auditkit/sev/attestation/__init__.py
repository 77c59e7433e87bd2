"""What does a running guest say of itself, and does AMD vouch for it? Attestation reports and their chains."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
