"""Where bytes come from and where they are kept: the only wing that talks to the network.

    from auditkit.evidence import download, fetch_certified_call, parse_source, read_bytes

Trouble with a server or a file is a `SourceError`; bytes that came and are bad are an `EvidenceError`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
