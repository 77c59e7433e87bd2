from .allowed_signers import read_trust_list
from .companion import companion_keyid, sign_companion
from .dsse import Envelope, parse_envelope, pre_authentication_encoding
from .sign import require_signable, sign_report
from .signatures import Signature
from .signed_already import require_unsigned
from .ssh import AgentKey, PrivateKey, Signer, agent_key, fingerprint, load_private_key
from .statement import predicate_schema
from .trust_list import AllowedSigner, TrustList
from .verification import ReportVerification, verify_report
from .verification_page import render_verification

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
