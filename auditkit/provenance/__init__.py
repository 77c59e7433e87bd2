"""Who built a release? Attestations of its SHA256SUMS, which GitHub's runners sign by way of sigstore.

    from auditkit.provenance import DFINITY, PUBLIC_GOOD, BundleVerifier, findings, read_bundles

    (bundle,) = read_bundles(data)
    attestation = BundleVerifier(PUBLIC_GOOD).verify(bundle)
    kept = all(one.kept for one in findings(attestation, DFINITY, commit=commit, sha256=digest_of_sums))

Nothing here asks a network, and ``sigstore``, the library that verifies, is an extra of the installation.
"""

from auditkit.provenance.attestation import Attestation, AttestedFile
from auditkit.provenance.authority import PUBLIC_GOOD, Authority
from auditkit.provenance.bundles import Bundle, read_bundles
from auditkit.provenance.rules import DFINITY, BuildRules, Finding, Rule, findings
from auditkit.provenance.verification import BundleVerifier, NotYetKnownError

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
