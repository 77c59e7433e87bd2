"""Whether the base image is what it should be (checks 18 to 22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditkit import checks
from auditkit.audit.root_file_system import uncovered, unusable_root
from auditkit.decision import Decision, Qualification
from auditkit.digests import is_commit
from auditkit.guestos import BootArgs, VerityRoot

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CertifiedDigest:
    """The digest of an update image that the NNS signed.

    Attributes:
        sha256: 64 hex digits in lower case.
        said_by: where it stands, such as ``proposal 139,000``.
    """

    sha256: str
    said_by: str


@dataclass(frozen=True, slots=True)
class AttestedDigest:
    """The digest of an update image that an attested SHA256SUMS lists.

    Attributes:
        sha256: 64 hex digits in lower case.
        said_by: who attested the list, such as the address of a run.
    """

    sha256: str
    said_by: str


def decide_digest(
    observed: str,
    pinned: str | None,
    published: str | None,
    evidence: Names,
    *,
    certified: CertifiedDigest | None = None,
    attested: AttestedDigest | None = None,
    pinned_by: str = "pinned in the parameters",
    missing: str = "",
) -> Decision:
    """Check 18. A digest that nobody signed is a warning; check 51 says what a wrong certified one means.

    Args:
        observed: SHA-256 of the whole image, 64 hex digits.
        pinned: the digest that is demanded, if any.
        published: the digest in the SHA256SUMS beside the image, if there is one.
        certified: the digest that the NNS signed, if it is known.
        attested: the digest that was attested by whoever built the release, if any. It says nothing against a certified
            one.
        pinned_by: who demands ``pinned``.
        missing: why there is no published digest.
    """
    check = checks.BASE_DIGEST
    wanted = pinned if pinned is not None else published
    if pinned is not None and observed != pinned.lower():
        return check.failed(
            observed,
            f"The image is not the one whose digest is {pinned_by}: it is another, or it was changed on its way.",
            expected=pinned,
            evidence=evidence,
        )
    if certified is not None and observed == certified.sha256.lower():
        return check.passed(
            observed,
            f"It has the digest that {certified.said_by} names, and the NNS signed that.",
            expected=certified.sha256,
            evidence=evidence,
        )
    if certified is None and attested is not None and observed == attested.sha256:
        return check.passed(
            observed,
            f"It has the digest in its SHA256SUMS, which {attested.said_by} made and attested.",
            expected=attested.sha256,
            evidence=evidence,
        )
    if wanted is None:
        return check.warned(
            observed,
            f"{missing or 'Nobody said what the digest should be.'} "
            "The measurements alone tie this image to the proposal.",
            evidence=evidence,
            qualifications=(Qualification.SERVER_DIGEST,),
        )
    if pinned is not None:
        return check.warned(
            observed,
            "It has the digest pinned in the parameters: you said so, and nobody signed it.",
            expected=wanted,
            evidence=evidence,
            qualifications=(Qualification.PINNED_DIGEST,),
        )
    if observed != wanted:
        return check.failed(
            observed,
            "The image is not the one whose digest is published beside the image: it was changed or damaged on its "
            "way.",
            expected=wanted,
            evidence=evidence,
        )
    return check.warned(
        observed,
        "It has the digest published beside it, but image and digest come from one place and nobody signed them.",
        expected=wanted,
        evidence=evidence,
        qualifications=(Qualification.SERVER_DIGEST,),
    )


def decide_unknown_member(name: str, evidence: Names) -> Decision:
    """Check 18 where the update image holds a file that no release holds, so that it was not read to its end.

    Args:
        name: of that file.
    """
    return checks.BASE_DIGEST.failed(
        f"a file called {name[:100]} in the archive",
        "The update image holds a file that no release holds, so it is not the one that was published.",
        expected="boot.img, root.img and VERSION.TXT, in older releases also overlay.raw",
        evidence=evidence,
    )


def decide_version(texts: Sequence[str], base_version: str, evidence: Names) -> Decision:
    """Check 19. A version text is the image's own word and proves nothing, so a difference is a warning.

    But the commit of another release fails: whoever audits one release is then shown the measurements of another.

    Args:
        texts: contents of VERSION.TXT of the update image and of version.txt of its boot file system.
        base_version: 40 hex digits.
    """
    check = checks.BASE_VERSION
    said = sorted({text.strip() for text in texts})
    shown = ", ".join(text[:100] or "an empty text" for text in said) or "no version text"
    if said == [base_version]:
        return check.passed(shown, "The image names the version.", expected=base_version, evidence=evidence)
    if any(is_commit(text, any_case=True) and text.lower() != base_version for text in said):
        return check.failed(
            shown,
            "The image says that it is a different release from the one that was asked for.",
            expected=base_version,
            evidence=evidence,
        )
    return check.warned(
        shown,
        "The image does not name the version; the measurements, not this text, decide what it is.",
        expected=base_version,
        evidence=evidence,
    )


def decide_file_system(
    has_checksums: bool, files: int, evidence: Names, *, data_behind: bool = False
) -> Decision:
    """Check 20. A wrong checksum never comes here: such an image is unreadable, which is trouble.

    Args:
        data_behind: whether boot.img holds anything behind the file system.
    """
    check = checks.BASE_FILE_SYSTEM
    if data_behind:
        return check.warned(
            "data after the boot file system"
            + ("" if has_checksums else ", which has no metadata checksums itself"),
            "The boot partition holds something after its file system, which no release does; nothing measures it.",
            evidence=evidence,
        )
    if not has_checksums:
        return check.warned(
            "a file system without metadata checksums",
            "Damage in the file system would not show; the measurements still cover kernel, initrd and firmware.",
            evidence=evidence,
        )
    return check.passed(
        f"{files} boot files, metadata checksums right",
        "The boot files were read from an undamaged file system.",
        evidence=evidence,
    )


def decide_boot_args(boot_args: BootArgs, evidence: Names) -> Decision:
    """Check 21."""
    check = checks.BASE_BOOT_ARGS
    if boot_args.differences:
        return check.failed(
            "; ".join(boot_args.differences)[:500],
            "The build would measure a different command line from the one that the host starts the guest with.",
            evidence=evidence,
        )
    return check.passed(
        f"{len(boot_args.lines)} command lines, read alike",
        "Build and host start the same guest.",
        evidence=evidence,
    )


def decide_root_hash(
    boot_args: BootArgs,
    measured: Sequence[str],
    verity: VerityRoot | None,
    evidence: Names,
    *,
    has_overlay: bool = False,
    blessed: str | None = None,
) -> Decision:
    """Check 22.

    Args:
        measured: names of the measured command lines.
        verity: dm-verity root of root.img; None when the image has no root.img (a bare boot partition).
        has_overlay: whether the update image carries an overlay.raw.
        blessed: the root hash that a proposal blesses for the recovery; None for an election.
    """
    check = checks.BASE_ROOT_HASH
    if verity is None:
        return check.warned(
            "no root.img",
            "Only a boot partition was given, so nobody compared the base root file system with the command lines.",
            evidence=evidence,
            qualifications=(Qualification.NO_ROOT_IMAGE,),
        )
    if unusable := unusable_root(check, verity, evidence):
        return unusable
    named = {boot_args.lines[name].root_hash for name in measured if name in boot_args.lines}
    if named != {verity.root_hash}:
        shown = ", ".join(sorted(str(value) for value in named)) or "none"
        return check.failed(
            f"the command lines name {shown}",
            "The measured command lines name another root file system than the one in the image.",
            expected=verity.root_hash,
            evidence=evidence,
        )
    if beside := uncovered(verity, has_overlay):
        return check.warned(
            f"{verity.root_hash}; {'; '.join(beside)}",
            "The command lines vouch for the root file system, and not for what else the image carries.",
            evidence=evidence,
        )
    same = " It is also the root that the proposal blesses: the recovery starts the release's own files."
    own = same if blessed is not None and blessed.lower() == verity.root_hash else ""
    return check.passed(
        verity.root_hash,
        f"The measured command lines vouch for the root file system.{own}",
        evidence=evidence,
    )
