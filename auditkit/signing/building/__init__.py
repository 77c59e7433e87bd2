"""Who vouches for an image that was built: the statement about a build, its signatures, and verifying them."""

from auditkit.signing.building.sign import require_signable_build, sign_build, signatures_path
from auditkit.signing.building.statement import (
    BuildStatement,
    Resource,
    ResourceDigest,
    build_bytes,
    build_statement,
    parse_build_statement,
    statement_schema,
)
from auditkit.signing.building.verification import BuildVerification, verify_build

__all__ = [
    "BuildStatement",
    "BuildVerification",
    "Resource",
    "ResourceDigest",
    "build_bytes",
    "build_statement",
    "parse_build_statement",
    "require_signable_build",
    "sign_build",
    "signatures_path",
    "statement_schema",
    "verify_build",
]
