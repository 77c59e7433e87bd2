"""What did the NNS sign? Certificate bytes in, a proposal and decisions out. No network, no notebook.

>>> from pathlib import Path
>>> from auditkit.ic import verify_proposal
>>> from auditkit.trust import trust_named
>>> data = Path("reports/sample/evidence/proposal.cbor").read_bytes()
>>> key = trust_named("practice").root_key
>>> seen = verify_proposal(data, root_key=key, proposal_id=900001, stage="recover", request=None)
>>> seen.bless.rootfs_hash[:8], len(seen.bless.chip_ids)
('e212c0a0', 2)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
