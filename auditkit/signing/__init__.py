"""Who vouches for a report: signing a report folder, and verifying one that others signed.

from auditkit.signing import load_private_key, read_trust_list, sign_report, verify_report
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
