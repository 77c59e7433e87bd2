"""Step 3: what does the release boot (checks 18 to 22, with 51, or 59 of an election)?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

from auditkit import checks
from auditkit.audit import (
    AttestedDigest,
    CertifiedDigest,
    ElectedRelease,
    Trouble,
    decide_boot_args,
    decide_certified_digest,
    decide_digest,
    decide_file_system,
    decide_root_hash,
    decide_unknown_member,
    decide_version,
    warn_about_plain_http,
)
from auditkit.decision import Check, Decision, Outcome
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import (
    MEASUREMENTS_NAME,
    Evidence,
    NotFoundError,
    PublishedDigest,
    Source,
    WrongDigestError,
    open_image,
    published_digest,
    read_bytes,
    read_published_digest,
)
from auditkit.guestos import (
    BootArgs,
    BootFiles,
    GuestImage,
    UnknownMemberError,
    VerityRoot,
    parse_boot_args,
)
from auditkit.limits import LIMITS
from auditkit.pipeline.records import ImageFacts, ImageRecord
from auditkit.pipeline.steps.evidence_names import (
    BOOT_ARGS,
    FIRMWARE,
    IMAGE,
    IMAGE_SUMS,
    INITRD,
    KERNEL,
    PUBLISHED,
)
from auditkit.pipeline.steps.images import read_watched
from auditkit.pipeline.steps.step import Step, first_failure, not_reached
from auditkit.progress import Progress
from auditkit.sev import PublishedMeasurement, parse_launch_measurements


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BaseImageStep(Step):
    """What the base release boots.

    Attributes:
        version: 40 hex digits, found out if the parameters say ``auto``.
        image: what was read; None when there is no readable image. Its ``tree`` is there if it is to be compared.
        boot_args: its command lines.
        published: the release's own list of measurements, None with the reason in ``published_missing``.
        record: what a replay has to know besides the evidence; None when the step was not reached.
        fetched: whether the image came from its address now, and not from an earlier download.
    """

    title: ClassVar[str] = "The base release"

    version: str | None = None
    image: GuestImage | None = None
    boot_args: BootArgs | None = None
    published: tuple[PublishedMeasurement, ...] | None = None
    published_missing: str = ""
    record: ImageRecord | None = None
    fetched: bool = False

    @property
    def boot(self) -> BootFiles | None:
        """The measured files."""
        return self.image.boot if self.image else None

    @property
    def verity(self) -> VerityRoot | None:
        """The dm-verity root of its root.img; None for a bare boot partition too."""
        return self.image.verity if self.image else None


_NOT_ASKED: Final = "What lies beside an address of a proposal is nobody's word, and was not asked for."


@dataclass(frozen=True, slots=True)
class WantedImage:
    """What the base image has to be.

    Attributes:
        version: 40 hex digits.
        sha256: the digest that somebody pinned, 64 hex digits; None takes the certified one, or else the one published
            beside the image.
        boot_args: names of the command lines that are measured.
        certified: the digest that the NNS signed, if it is known.
        pinned_by: who pinned ``sha256``.
        election: check 51 has an answer: what the NNS elected.
        blessed_root: the root hash that a proposal blesses for the recovery; None for an election.
        unelected: why it has none, for a skip of it; None when it is not asked or has an answer, or when trouble stood
            in its way.
    """

    version: str
    sha256: str | None
    boot_args: tuple[str, ...]
    certified: CertifiedDigest | None = None
    pinned_by: str = "pinned in the parameters"
    election: ElectedRelease | None = None
    unelected: str | None = None
    blessed_root: str | None = None

    def demanded(self, published: str | None) -> str | None:
        """The digest that a download has to have; None where two that nobody pinned contradict each other.

        Then the image is read whatever it is, so that a report can say what the server holds instead.

        Args:
            published: the digest in the SHA256SUMS beside the image, if there is one.
        """
        certified = self.certified.sha256 if self.certified else None
        if self.sha256 is not None or certified is None:
            return self.sha256 or published
        return certified if published in (None, certified) else None

    def agreement(self, observed: str, evidence: tuple[str, ...]) -> tuple[Decision, ...]:
        """Check 51, where it is asked.

        Args:
            observed: SHA-256 of the image, 64 hex digits.
        """
        if self.election is not None:
            return (decide_certified_digest(observed, self.election, evidence),)
        if self.unelected is not None:
            return (checks.ELECTION_DIGEST.skipped(self.unelected),)
        return ()


@dataclass(frozen=True, slots=True)
class PublishedBeside:
    """What the release server holds beside the image.

    Attributes:
        sums: SHA256SUMS; None with the reason in ``sums_missing``.
        listing: launch-measurements.json, which can be read; None with the reason in ``listing_missing``.
    """

    sums: Evidence | None
    sums_missing: str
    listing: Evidence | None
    listing_missing: str


def troubled_image(trouble: tuple[Trouble, ...]) -> BaseImageStep:
    """The step when there is no image that can be read."""
    return BaseImageStep(trouble=trouble, record=ImageRecord(trouble=trouble))


def unread_image(version: str | None, members: Iterable[Check]) -> BaseImageStep:
    """The step of an audit that stops at the certificates."""
    why = "Only certificates are read (depth: certificates); nobody looked at the image."
    return BaseImageStep(
        decisions=tuple(check.skipped(why) for check in members),
        obstacle=why,
        version=version,
        record=ImageRecord(version=version),
    )


def digest_of_image(source: Source, wanted: WantedImage, work: Path, progress: Progress) -> str:
    """The SHA-256 of the image at ``source``, which is read to its end and not kept.

    Raises:
        SourceError: it cannot be had.
    """
    try:
        open_image(
            source,
            sha256=wanted.sha256,
            cache=work,
            progress=lambda done, total: progress.bytes_done("downloading the image once more", done, total),
        )
    except WrongDigestError as error:
        return error.observed
    except EvidenceError as error:
        raise SourceError(error.what, where=error.where) from None
    return wanted.sha256 or ""


def read_base_image(
    source: Source,
    wanted: WantedImage,
    *,
    origin: str,
    work: Path,
    cached: bool,
    tree: bool,
    beside: bool = True,
    redact: Callable[[str], str],
    progress: Progress,
) -> BaseImageStep:
    """Gets the base image, reads what it boots, and decides checks 18 to 22.

    Args:
        source: where it is; ``origin`` is what reports call that.
        work: a folder for what has to be on disk meanwhile.
        cached: keep a download of the wanted digest for the next audit.
        tree: also read the whole boot tree, to compare it with another.
        beside: also ask for what releases publish beside their images. Not for an address that a proposer chose: what
            lies beside it is nobody's word, and would be kept.
        redact: takes places of this machine out of a sentence.

    Raises:
        SourceError, EvidenceError: it cannot be had or read.
    """
    published = read_published_digest(source) if beside else PublishedDigest(None, _NOT_ASKED)
    sums = None
    if published.sums is not None:
        sums = Evidence.of_bytes(IMAGE_SUMS, published.sums, f"SHA256SUMS beside {origin}")
    sha256 = wanted.demanded(published.sha256)
    progress.step("base image")
    try:
        file = open_image(
            source,
            sha256=sha256,
            cache=None if cached and sha256 else work,
            progress=lambda done, total: progress.bytes_done("downloading the base image", done, total),
        )
    except WrongDigestError as error:
        return replace(wrong_image(wanted, error.observed, source.name, sums), fetched=True)
    except EvidenceError as error:
        raise SourceError(error.what, where=error.where) from None
    size = file.path.stat().st_size
    try:
        image = read_watched(
            file.path, "reading the base image", size=size, work=work, tree=tree, progress=progress
        )
    except UnknownMemberError as error:
        return replace(strange_image(wanted, error.observed, source.name, sums), fetched=file.fetched)
    missing, listing = _published_measurements(source, origin, redact) if beside else (_NOT_ASKED, None)
    found = PublishedBeside(sums, "" if sums else published.missing, listing, missing)
    step = decide_image(image, wanted, found, origin=origin, file_name=source.name)
    return replace(step, fetched=file.fetched)


def wrong_image(wanted: WantedImage, observed: str, file_name: str, sums: Evidence | None) -> BaseImageStep:
    """The step when what was downloaded has another digest than the wanted one: check 18 failed.

    Args:
        observed: digest of the download.
        file_name: name of the image in ``sums``.
        sums: the SHA256SUMS beside the image.

    Raises:
        EvidenceError: of a replay: no digest was demanded, so that none can have been wrong.
    """
    made = (
        _digest(observed, wanted, _listed(sums, file_name, ""), _names(sums)),
        *wanted.agreement(observed, _names(sums)),
    )
    if not any(decision.outcome is Outcome.FAIL for decision in made):
        raise EvidenceError("the record holds another digest of an image of which none was demanded")
    record = ImageRecord(version=wanted.version, wrong_digest=observed, file_name=file_name)
    return _refused_image(made, record, sums)


def strange_image(wanted: WantedImage, member: str, file_name: str, sums: Evidence | None) -> BaseImageStep:
    """The step when the update image holds a file that no release holds: check 18 failed.

    Args:
        member: name of that file.
        file_name: name of the image in ``sums``.
        sums: the SHA256SUMS beside the image.
    """
    record = ImageRecord(version=wanted.version, unknown_member=member, file_name=file_name)
    failed = decide_unknown_member(member, _names(sums))
    left = (checks.ELECTION_DIGEST,) if wanted.election or wanted.unelected is not None else ()
    return _refused_image((failed, *not_reached(left, failed)), record, sums)


def _refused_image(made: tuple[Decision, ...], record: ImageRecord, sums: Evidence | None) -> BaseImageStep:
    """The step when check 18 or 51 failed before the image was read."""
    failed = first_failure(made)
    decided = {decision.id for decision in made}
    left = [check for check in checks.BASE_CHECKS if check.id not in decided]
    return BaseImageStep(
        decisions=(*made, *not_reached(left, failed)),
        evidence=(sums,) if sums else (),
        version=record.version,
        record=record,
    )


def with_attested(
    step: BaseImageStep, wanted: WantedImage, attested: AttestedDigest, evidence: tuple[str, ...]
) -> BaseImageStep:
    """The step with check 18 decided anew, now that the SHA256SUMS beside the image is attested.

    Args:
        attested: the digest in it.
        evidence: what the attestation rests on.
    """
    image, record = step.image, step.record
    sums = next((item for item in step.evidence if item.name == IMAGE_SUMS), None)
    if image is None or record is None or record.facts is None or sums is None:
        return step
    listed = _listed(sums, record.file_name, "")
    made = _digest(image.sha256, wanted, listed, (IMAGE, *evidence), attested)
    if made.outcome is not Outcome.PASS:
        return step
    return replace(
        step, decisions=tuple(made if decision.id == made.id else decision for decision in step.decisions)
    )


def _digest(
    observed: str,
    wanted: WantedImage,
    listed: PublishedDigest,
    evidence: tuple[str, ...],
    attested: AttestedDigest | None = None,
) -> Decision:
    """Check 18."""
    return decide_digest(
        observed,
        wanted.sha256,
        listed.sha256,
        evidence,
        certified=wanted.certified,
        attested=attested,
        pinned_by=wanted.pinned_by,
        missing=listed.missing,
    )


def _names(sums: Evidence | None) -> tuple[str, ...]:
    return (sums.name,) if sums else ()


def decide_image(
    image: GuestImage, wanted: WantedImage, beside: PublishedBeside, *, origin: str, file_name: str
) -> BaseImageStep:
    """Decides checks 18 to 22 about an image that was read, now or when its record was made.

    Args:
        origin: where it came from, as reports show it.
        file_name: how SHA256SUMS calls it.

    Raises:
        EvidenceError: the listing or the boot arguments are malformed.
    """
    boot = image.boot
    boot_args = parse_boot_args(boot.boot_args)
    listing = beside.listing
    digest = _listed(beside.sums, file_name, beside.sums_missing)
    texts = [text for text in (image.version_text, boot.version_text) if text is not None]
    return BaseImageStep(
        decisions=(
            _over_the_wire(_digest(image.sha256, wanted, digest, (IMAGE, *_names(beside.sums))), origin),
            decide_version(texts, wanted.version, (IMAGE,)),
            decide_file_system(
                image.has_checksums, image.entries, (IMAGE,), data_behind=image.data_behind_boot
            ),
            decide_boot_args(boot_args, (BOOT_ARGS,)),
            decide_root_hash(
                boot_args,
                wanted.boot_args,
                image.verity,
                (IMAGE, BOOT_ARGS),
                has_overlay=image.has_overlay,
                blessed=wanted.blessed_root,
            ),
            *wanted.agreement(image.sha256, (IMAGE,)),
        ),
        evidence=(
            Evidence(IMAGE, image.sha256, image.size, origin),
            *((beside.sums,) if beside.sums else ()),
            *((listing,) if listing else ()),
            Evidence.of_bytes(FIRMWARE, boot.firmware, f"/OVMF_SEV.fd of {IMAGE}"),
            Evidence.of_bytes(KERNEL, boot.kernel, f"/vmlinuz of {IMAGE}"),
            Evidence.of_bytes(INITRD, boot.initrd, f"/initrd.img of {IMAGE}"),
            Evidence.of_bytes(BOOT_ARGS, boot.boot_args, f"/boot_args of {IMAGE}"),
        ),
        version=wanted.version,
        image=image,
        boot_args=boot_args,
        published=parse_launch_measurements(listing.read(LIMITS.answer_bytes)) if listing else None,
        published_missing=beside.listing_missing,
        record=ImageRecord(
            version=wanted.version,
            facts=ImageFacts.of(image, origin=origin, file_name=file_name),
            file_name=file_name,
            published_missing=beside.listing_missing,
            sums_missing=beside.sums_missing,
        ),
    )


def _over_the_wire(decision: Decision, origin: str) -> Decision:
    """Check 18 about an image from ``origin``; a digest that the NNS signed leaves nothing to somebody on the way."""
    return decision if decision.outcome is Outcome.PASS else warn_about_plain_http(decision, origin)


def _listed(sums: Evidence | None, file_name: str, missing: str) -> PublishedDigest:
    """What the SHA256SUMS beside the image says about it.

    Args:
        missing: why there is none.
    """
    if sums is None:
        return PublishedDigest(None, missing)
    return published_digest(sums.read(LIMITS.answer_bytes), file_name)


def _published_measurements(
    source: Source, origin: str, redact: Callable[[str], str]
) -> tuple[str, Evidence | None]:
    """The release's own list, or why there is none that can be used."""
    try:
        data = read_bytes(source.sibling(MEASUREMENTS_NAME), LIMITS.answer_bytes)
        parse_launch_measurements(data)
    except NotFoundError:
        return f"There is no {MEASUREMENTS_NAME} beside the base image.", None
    except (SourceError, EvidenceError) as error:
        return f"The {MEASUREMENTS_NAME} beside the base image cannot be used: {redact(error.what)}.", None
    return "", Evidence.of_bytes(PUBLISHED, data, f"{MEASUREMENTS_NAME} beside {origin}")
