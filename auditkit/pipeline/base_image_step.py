"""Step 2: what does the base release boot (checks 18 to 22)?"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from auditkit import checks
from auditkit.audit import (
    Trouble,
    decide_boot_args,
    decide_digest,
    decide_file_system,
    decide_root_hash,
    decide_unknown_member,
    decide_version,
    warn_about_plain_http,
)
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import (
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
from auditkit.guestos import BootFiles, UnknownMemberError, parse_boot_args, read_guest_image
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.record import ImageFacts, ImageRecord
from auditkit.pipeline.redaction import redacted_error
from auditkit.pipeline.sources import located
from auditkit.pipeline.steps import (
    BOOT_ARGS,
    COMPUTED,
    FIRMWARE,
    IMAGE,
    IMAGE_SUMS,
    INITRD,
    KERNEL,
    PUBLISHED,
    BaseImageStep,
    ProposalStep,
    not_reached,
    trouble_of,
    unreached,
)
from auditkit.progress import Progress, progress_here
from auditkit.sev import (
    parse_launch_measurements,
    releases_for,
)
from auditkit.trust import trust_named, world_place


def read_base_image(
    parameters: Parameters, proposal: ProposalStep, progress: Progress | None = None
) -> BaseImageStep:
    """Gets the base image, reads what it boots, and decides checks 18 to 22.

    Raises:
        ParameterError: the image's source makes no sense.
    """
    progress = progress or progress_here()
    if proposal.bless is None:
        return BaseImageStep(decisions=unreached(proposal, checks.BASE_CHECKS))
    try:
        version = base_version(parameters, proposal.bless)
        with (
            located(parameters.base_image, "base_image", base_version=version) as (source, origin),
            tempfile.TemporaryDirectory() as work,
        ):
            return _read_image(parameters, version, source, origin=origin, work=Path(work), progress=progress)
    except (SourceError, EvidenceError) as error:
        return troubled_image((trouble_of(error, parameters),))


def troubled_image(trouble: tuple[Trouble, ...]) -> BaseImageStep:
    """The step when there is no image that can be read."""
    return BaseImageStep(trouble=trouble, record=ImageRecord(trouble=trouble))


def base_version(parameters: Parameters, bless: BlessAlternativeGuestOsVersion) -> str:
    """The base version of the parameters, or for ``auto`` the known release with the most blessed measurements.

    Raises:
        SourceError: no known release has any of them.
    """
    if parameters.base_version != "auto":
        return parameters.base_version
    blessed = [entry.measurement for entry in bless.base_guest_launch_measurements]
    found = releases_for(blessed, more=trust_named(parameters.root_key).more_releases)
    whole = [release for release, _ in found if len(release.version) == 40]
    if not whole:
        raise SourceError(
            "no release that auditkit knows has any of the blessed measurements, so the base version cannot be found",
            where="base_version",
            hint="give the 40 hex digits that the proposal names",
        )
    return whole[0].version


def _read_image(
    parameters: Parameters, version: str, source: Source, *, origin: str, work: Path, progress: Progress
) -> BaseImageStep:
    published = read_published_digest(source)
    sums = None
    if published.sums is not None:
        sums = Evidence.of_bytes(IMAGE_SUMS, published.sums, f"SHA256SUMS beside {origin}")
    wanted = parameters.base_image_sha256 or published.sha256
    progress.step("base image")
    try:
        image = open_image(
            source,
            sha256=wanted,
            cache=work if world_place(origin) or not wanted else None,
            progress=lambda done, total: progress.bytes_done("downloading the base image", done, total),
        )
    except WrongDigestError as error:
        return wrong_image(parameters, version, error.observed, source.name, sums)
    size = image.path.stat().st_size
    try:
        base = read_guest_image(
            image.path,
            work=work,
            tree=parameters.recovery_image is not None,
            progress=lambda done: progress.bytes_done("reading the base image", done, size),
        )
    except UnknownMemberError as error:
        return strange_image(version, error.observed, source.name, sums)
    missing, listing = _published_measurements(parameters, source, origin)
    facts = ImageFacts.of(base, origin=origin, file_name=source.name)
    step = decide_image(
        parameters,
        version,
        facts,
        base.boot,
        sums=sums,
        sums_missing="" if sums else published.missing,
        listing=listing,
        published_missing=missing,
    )
    return replace(step, tree=base.tree)


def wrong_image(
    parameters: Parameters, version: str, observed: str, file_name: str, sums: Evidence | None
) -> BaseImageStep:
    """The step when what was downloaded has another digest than the wanted one: check 18 failed.

    Args:
        observed: digest of the download.
        file_name: name of the image in ``sums``.
        sums: the SHA256SUMS beside the image.
    """
    published = _listed(sums, file_name, "")
    failed = decide_digest(observed, parameters.base_image_sha256, published.sha256, _names(sums))
    record = ImageRecord(version=version, wrong_digest=observed, file_name=file_name)
    return _refused_image(failed, record, sums)


def strange_image(version: str, member: str, file_name: str, sums: Evidence | None) -> BaseImageStep:
    """The step when the update image holds a file that no release holds: check 18 failed.

    Args:
        member: name of that file.
        file_name: name of the image in ``sums``.
        sums: the SHA256SUMS beside the image.
    """
    record = ImageRecord(version=version, unknown_member=member, file_name=file_name)
    return _refused_image(decide_unknown_member(member, _names(sums)), record, sums)


def _refused_image(failed: Decision, record: ImageRecord, sums: Evidence | None) -> BaseImageStep:
    """The step when check 18 failed before the image was read."""
    return BaseImageStep(
        (failed, *not_reached(checks.BASE_CHECKS, failed)),
        evidence=(sums,) if sums else (),
        version=record.version,
        record=record,
    )


def _names(sums: Evidence | None) -> tuple[str, ...]:
    return (sums.name,) if sums else ()


def decide_image(
    parameters: Parameters,
    version: str,
    facts: ImageFacts,
    boot: BootFiles,
    *,
    sums: Evidence | None,
    sums_missing: str,
    listing: Evidence | None,
    published_missing: str,
) -> BaseImageStep:
    """Decides checks 18 to 22 about an image that was read, now or when its record was made.

    Args:
        facts: what the reading found out about the image as a whole.
        boot: the files that are measured.
        sums: the SHA256SUMS beside the image, if there is one.
        sums_missing: why there is none; empty when there is one.
        listing: the release's own launch-measurements.json, if there is a usable one.
        published_missing: why there is none; empty when there is one.

    Raises:
        EvidenceError: ``listing`` or the boot arguments are malformed.
    """
    boot_args = parse_boot_args(boot.boot_args)
    measurements = parse_launch_measurements(listing.read(LIMITS.answer_bytes)) if listing else None
    digest = _listed(sums, facts.file_name, sums_missing)
    texts = [text for text in (facts.version_text, facts.boot_version_text) if text is not None]
    evidence = (
        Evidence(IMAGE, facts.sha256, facts.size, facts.origin),
        *((sums,) if sums else ()),
        *((listing,) if listing else ()),
        Evidence.of_bytes(FIRMWARE, boot.firmware, f"/OVMF_SEV.fd of {IMAGE}"),
        Evidence.of_bytes(KERNEL, boot.kernel, f"/vmlinuz of {IMAGE}"),
        Evidence.of_bytes(INITRD, boot.initrd, f"/initrd.img of {IMAGE}"),
        Evidence.of_bytes(BOOT_ARGS, boot.boot_args, f"/boot_args of {IMAGE}"),
    )
    return BaseImageStep(
        decisions=(
            warn_about_plain_http(
                decide_digest(
                    facts.sha256,
                    parameters.base_image_sha256,
                    digest.sha256,
                    (IMAGE, *_names(sums)),
                    missing=digest.missing,
                ),
                facts.origin,
            ),
            decide_version(texts, version, (IMAGE,)),
            decide_file_system(
                facts.has_checksums, facts.entries, (IMAGE,), data_behind=facts.data_behind_boot
            ),
            decide_boot_args(boot_args, (BOOT_ARGS,)),
            decide_root_hash(
                boot_args,
                parameters.boot_args,
                facts.verity,
                (IMAGE, BOOT_ARGS),
                has_overlay=facts.has_overlay,
            ),
        ),
        evidence=evidence,
        version=version,
        boot=boot,
        boot_args=boot_args,
        verity=facts.verity,
        published=measurements,
        published_missing=published_missing,
        record=ImageRecord(
            version=version,
            facts=facts,
            file_name=facts.file_name,
            published_missing=published_missing,
            sums_missing=sums_missing,
        ),
    )


def _listed(sums: Evidence | None, file_name: str, missing: str) -> PublishedDigest:
    """What the SHA256SUMS beside the image says about it.

    Args:
        missing: why there is none.
    """
    if sums is None:
        return PublishedDigest(None, missing)
    return published_digest(sums.read(LIMITS.answer_bytes), file_name)


def _published_measurements(
    parameters: Parameters, source: Source, origin: str
) -> tuple[str, Evidence | None]:
    """The release's own list, or why there is none that can be used."""
    place = source.sibling(COMPUTED)
    try:
        data = read_bytes(place, LIMITS.answer_bytes)
        parse_launch_measurements(data)
    except NotFoundError:
        return f"There is no {COMPUTED} beside the base image.", None
    except (SourceError, EvidenceError) as error:
        what = redacted_error(error, parameters).what
        return f"The {COMPUTED} beside the base image cannot be used: {what}.", None
    return "", Evidence.of_bytes(PUBLISHED, data, f"{COMPUTED} beside {origin}")
