"""SSH keys, certificates, agents, and what is left to ssh-keygen."""

from auditkit.signing.ssh.agent import (
    AgentKey,
    agent_key,
)
from auditkit.signing.ssh.certificates import (
    Certificate,
    is_known_kind,
    is_too_short,
    keyid_of,
    plain_key,
    read_certificate,
)
from auditkit.signing.ssh.keygen import (
    NAMESPACE,
    certificate_counts,
    is_revoked,
    last_line,
    made_signature,
    ssh_keygen,
)
from auditkit.signing.ssh.keys import (
    PrivateKey,
    Signer,
    fingerprint,
    key_type,
    load_private_key,
    read_string,
    signed_by,
)

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
