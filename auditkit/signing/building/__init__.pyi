from .sign import require_signable_build, sign_build, signatures_path
from .statement import (
    BuildStatement,
    Resource,
    ResourceDigest,
    build_bytes,
    build_statement,
    parse_build_statement,
    statement_schema,
)
from .verification import BuildVerification, verify_build

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
