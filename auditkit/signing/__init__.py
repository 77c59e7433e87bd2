"""Who vouches for a report: signing a report folder, and verifying one that others signed.

from auditkit.signing import load_private_key, read_trust_list, sign_report, verify_report
"""

from auditkit.signing.allowed_signers import read_trust_list
from auditkit.signing.companion import companion_keyid, sign_companion
from auditkit.signing.dsse import Envelope, parse_envelope, pre_authentication_encoding
from auditkit.signing.sign import require_signable, sign_report
from auditkit.signing.signatures import Signature
from auditkit.signing.signed_already import require_unsigned
from auditkit.signing.ssh import AgentKey, PrivateKey, Signer, agent_key, fingerprint, load_private_key
from auditkit.signing.statement import predicate_schema
from auditkit.signing.trust_list import AllowedSigner, TrustList
from auditkit.signing.verification import ReportVerification, verify_report
from auditkit.signing.verification_page import render_verification

__all__ = [
    "AgentKey",
    "AllowedSigner",
    "Envelope",
    "PrivateKey",
    "ReportVerification",
    "Signature",
    "Signer",
    "TrustList",
    "agent_key",
    "companion_keyid",
    "fingerprint",
    "load_private_key",
    "parse_envelope",
    "pre_authentication_encoding",
    "predicate_schema",
    "read_trust_list",
    "render_verification",
    "require_signable",
    "require_unsigned",
    "sign_companion",
    "sign_report",
    "verify_report",
]
