from .attestation import Attestation, AttestedFile
from .authority import PUBLIC_GOOD, Authority
from .bundles import Bundle, read_bundles
from .rules import DFINITY, BuildRules, Finding, Rule, findings
from .verification import BundleVerifier, NotYetKnownError

__all__ = [
    "DFINITY",
    "PUBLIC_GOOD",
    "Attestation",
    "AttestedFile",
    "Authority",
    "BuildRules",
    "Bundle",
    "BundleVerifier",
    "Finding",
    "NotYetKnownError",
    "Rule",
    "findings",
    "read_bundles",
]
