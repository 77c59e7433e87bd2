from .agent import AgentKey, agent_key
from .certificates import Certificate, is_known_kind, is_too_short, keyid_of, plain_key, read_certificate
from .keygen import NAMESPACE, certificate_counts, is_revoked, last_line, made_signature, ssh_keygen
from .keys import PrivateKey, Signer, fingerprint, key_type, load_private_key, read_string, signed_by

__all__ = [
    "NAMESPACE",
    "AgentKey",
    "Certificate",
    "PrivateKey",
    "Signer",
    "agent_key",
    "certificate_counts",
    "fingerprint",
    "is_known_kind",
    "is_revoked",
    "is_too_short",
    "key_type",
    "keyid_of",
    "last_line",
    "load_private_key",
    "made_signature",
    "plain_key",
    "read_certificate",
    "read_string",
    "signed_by",
    "ssh_keygen",
]
