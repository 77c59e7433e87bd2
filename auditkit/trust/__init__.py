"""Whom does an audit believe? Mainnet by default; another network only where somebody names it.

>>> from auditkit.trust import MAINNET, parse_trust
>>> MAINNET.qualification is None
True
>>> parse_trust("practice").qualification.value
'practice-network'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
