"""The registry canister: which GuestOS versions the NNS has elected, and how large records are asked for.

Protocol buffers in, records and decisions out. No network.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
