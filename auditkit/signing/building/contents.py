"""Whether an image holds what the statement about its build says of it, as far as the image alone can tell."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path

from auditkit.decision import Outcome
from auditkit.errors import EvidenceError, ParameterError
from auditkit.guestos import GuestImage, VerityRoot, read_guest_image
from auditkit.ic import named_root_key, verify_embedded_proposal
from auditkit.signing.building.statement import BuildParameters, BuildStatement


def contradiction(image: Path, statement: BuildStatement) -> str | None:
    """What an image has otherwise than the statement says; None where it agrees.

    Compared are the digest of the file and of the certificate inside, the number of the proposal, the root file system
    that it blesses, whose signature it leads to, the dm-verity root of the root file system, and the version. What no
    build puts into an image contradicts every statement: another hash tree, and anything that no root hash covers.

    Raises:
        SourceError: it cannot be read.
    """
    said = statement.parameters
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        try:
            found = read_guest_image(image, work=Path(work), tree=True)
        except EvidenceError as error:
            return f"it is no update image: {error.what}"
    if found.sha256 != statement.image.digest.sha256:
        return f"its SHA-256 is {found.sha256}"  # it changed since somebody looked
    if found.alternative_proposal is None:
        return "it holds no proposal"
    digest = sha256(found.alternative_proposal).hexdigest()
    if digest != statement.input("proposal").sha256:
        return f"its certificate has SHA-256 {digest}"
    if (other := _other_proposal(found.alternative_proposal, said)) is not None:
        return other
    root = found.verity
    if root is None or root.root_hash != said.rootfs_hash:
        return f"its root file system has the dm-verity root {root and root.root_hash}"
    if found.version_text != said.version.strip():
        return f"its VERSION.TXT says {found.version_text!r}"
    return _never_built(found, root)


def _never_built(image: GuestImage, root: VerityRoot) -> str | None:
    """What an image carries that `auditkit build-image` leaves out whatever it is built from."""
    if odd := (*root.problems, *root.warnings):
        return f"its root.img is not one that is built: {odd[0]}"
    if image.has_overlay:
        return "there is an overlay.raw in it"
    if image.data_behind_boot:
        return "there is data behind the file system of its boot.img"
    return None


def _other_proposal(certificate: bytes, said: BuildParameters) -> str | None:
    try:
        root_key = named_root_key(said.root_key)
    except ParameterError as error:
        return f"the root key that is named is none: {error.what}"
    verified = verify_embedded_proposal(certificate, root_key=root_key, request=None)
    for decision in verified.decisions:
        if decision.outcome is Outcome.FAIL:
            return f"its proposal fails {decision.id} under the root key that is named"
    if verified.proposal is None or verified.bless is None:
        return "its proposal blesses nothing"
    if verified.proposal.id != said.proposal_id:
        return f"its proposal is {verified.proposal.id}"
    if verified.bless.rootfs_hash.lower() != said.rootfs_hash:
        return f"its proposal blesses the root file system {verified.bless.rootfs_hash[:64]!r}"
    return None
