"""In which order it is asked: parameters, the steps of an audit, its document and its replay.

>>> from auditkit.pipeline import Audit
>>> audit = Audit.named("practice:tampered-certificate")
>>> audit.base.obstacle
'Not reached: certificate.signature failed.'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
