"""Who built a release? Attestations of its SHA256SUMS, which GitHub's runners sign by way of sigstore.

    from auditkit.provenance import DFINITY, PUBLIC_GOOD, BundleVerifier, findings, read_bundles

    (bundle,) = read_bundles(data)
    attestation = BundleVerifier(PUBLIC_GOOD).verify(bundle)
    kept = all(one.kept for one in findings(attestation, DFINITY, commit=commit, sha256=digest_of_sums))

Nothing here asks a network, and ``sigstore``, the library that verifies, is an extra of the installation.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
