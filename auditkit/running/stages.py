"""The audit in five steps, each a function of the parameters and of what came before.

    proposal ──► base image ──► measurements ──► comparison ──► document

A step decides its checks, says what trouble it met, and keeps the evidence that its decisions rest on. What a step
cannot do because an earlier one failed is skipped, visibly; what it cannot do because of trouble has no decision, and
so the verdict is TROUBLE. Only `ParameterError` is raised: everything else is a result.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditkit import checks
from auditkit.audit import (
    Overlap,
    Trouble,
    compare,
    decide_boot_args,
    decide_content,
    decide_digest,
    decide_file_system,
    decide_overlap,
    decide_published,
    decide_root_hash,
    decide_second_opinion,
    decide_version,
)
from auditkit.decision import Check, Decision
from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, NotFoundError, Source, open_image, parse_sha256sums, read_bytes
from auditkit.guestos import BootArgs, BootFiles, TreeSnapshot, VerityRoot, parse_boot_args
from auditkit.guestos import read_base_image as read_image
from auditkit.ic import BlessAlternativeGuestOsVersion, ProposalVerification, parse_root_key, verify_proposal
from auditkit.limits import LIMITS
from auditkit.running.parameters import Parameters
from auditkit.running.progress import Progress, Silent
from auditkit.running.record import ImageFacts, ImageRecord
from auditkit.running.sources import CertifiedProposal, certified_proposal, image_source, other_known_releases
from auditkit.sev import (
    LaunchMeasurement,
    MeasuredBoot,
    PublishedMeasurement,
    explain,
    find_release,
    measure,
    measured_boot,
    parse_launch_measurements,
    releases_for,
    render_launch_measurements,
    second_opinion,
)

PROPOSAL = "proposal.cbor"
REQUEST = "proposal.request.cbor"
IMAGE = "update-img.tar.zst"
IMAGE_SUMS = "base-SHA256SUMS"
PUBLISHED = "published-launch-measurements.json"
COMPUTED = "launch-measurements.json"
FIRMWARE, KERNEL, INITRD, BOOT_ARGS = "OVMF_SEV.fd", "vmlinuz", "initrd.img", "boot_args"


@dataclass(frozen=True, slots=True)
class ProposalStep:
    """What the NNS signed.

    Attributes:
        verification: the outcome of checks 1 to 14; None when the proposal could not be had.
        refused: why the answer was refused before there was a certificate; empty otherwise.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    verification: ProposalVerification | None = None
    refused: str = ""

    @property
    def bless(self) -> BlessAlternativeGuestOsVersion | None:
        """What the authentic proposal blesses; None when it is not authentic or does something else."""
        return self.verification.bless if self.verification else None


@dataclass(frozen=True, slots=True)
class BaseImageStep:
    """What the base release boots.

    Attributes:
        version: 40 hex digits, found out if the parameters say ``auto``.
        boot: the measured files; None when there is no readable image.
        boot_args: its command lines.
        verity: the root of its root.img; None for a bare boot partition.
        published: the release's own list of measurements, None with the reason in ``published_missing``.
        record: what a replay has to know besides the evidence; None when the step was not reached.
        tree: the boot tree, if there is a recovery image to compare it with.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    version: str | None = None
    boot: BootFiles | None = None
    boot_args: BootArgs | None = None
    verity: VerityRoot | None = None
    published: tuple[PublishedMeasurement, ...] | None = None
    published_missing: str = ""
    record: ImageRecord | None = None
    tree: TreeSnapshot | None = None


@dataclass(frozen=True, slots=True)
class MeasurementStep:
    """What the base release measures to."""

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    computed: tuple[LaunchMeasurement, ...] = ()
    boot: MeasuredBoot | None = None
    command_lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OverlapStep:
    """How blessed and computed measurements compare."""

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rows: tuple[Overlap, ...] = ()


Step = ProposalStep | BaseImageStep | MeasurementStep | OverlapStep


def read_proposal(parameters: Parameters, progress: Progress | None = None) -> ProposalStep:
    """Gets the certified proposal and decides checks 1 to 17.

    Raises:
        ParameterError: a source or the root key makes no sense.
    """
    parse_root_key(parameters.root_key)
    (progress or Silent()).step("asking for the proposal")
    try:
        certified = certified_proposal(parameters)
    except SourceError as error:
        return ProposalStep(trouble=(told(error),))
    except EvidenceError as error:
        return refused_proposal(str(error))
    return decide_proposal(parameters, certified)


def refused_proposal(why: str) -> ProposalStep:
    """The step when the answer was refused before there was a certificate: check 12 failed."""
    failed = checks.REPLY_REQUEST.failed(why, "What came back is not the certified answer to our question.")
    return ProposalStep(
        decisions=(failed, *not_reached((*checks.PROPOSAL_CHECKS, *checks.CONTENT_CHECKS), failed)),
        refused=why,
    )


def decide_proposal(parameters: Parameters, certified: CertifiedProposal) -> ProposalStep:
    """Decides checks 1 to 17 about a certificate that is here."""
    verification = verify_proposal(
        certified.certificate,
        root_key=parse_root_key(parameters.root_key),
        proposal_id=parameters.proposal_id,
        stage=parameters.stage,
        request=certified.request,
    )
    evidence = [Evidence.of_bytes(PROPOSAL, certified.certificate, certified.origin)]
    if certified.request is not None:
        evidence.append(Evidence.of_bytes(REQUEST, certified.request, certified.origin))
    names = tuple(item.name for item in evidence)
    decisions = tuple(replace(decision, evidence=names) for decision in verification.decisions)
    if verification.bless is not None:
        decisions += decide_content(verification.bless, (PROPOSAL,))
    else:
        decisions += not_reached(checks.CONTENT_CHECKS, first_failure(decisions))
    return ProposalStep(decisions, (), tuple(evidence), verification)


def read_base_image(
    parameters: Parameters, proposal: ProposalStep, progress: Progress | None = None
) -> BaseImageStep:
    """Gets the base image, reads what it boots, and decides checks 18 to 22.

    Raises:
        ParameterError: the image's source makes no sense.
    """
    progress = progress or Silent()
    if proposal.bless is None:
        return BaseImageStep(decisions=unreached(proposal, checks.BASE_CHECKS))
    try:
        version = base_version(parameters, proposal.bless)
        with image_source(parameters, version) as (source, origin), tempfile.TemporaryDirectory() as work:
            return _read_image(parameters, version, source, origin=origin, work=Path(work), progress=progress)
    except (SourceError, EvidenceError) as error:
        return troubled_image((told(error),))


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
    found = releases_for(blessed, more=other_known_releases(parameters))
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
    sums = _published_sums(source, origin)
    published_digest = listed_digest(sums, source.name)
    pinned = parameters.base_image_sha256
    progress.step("base image")
    try:
        image = open_image(
            source,
            sha256=pinned or published_digest,
            cache=work if origin.startswith("practice:") or not (pinned or published_digest) else None,
            progress=lambda done, total: progress.bytes_done("downloading the base image", done, total),
        )
    except EvidenceError as error:
        if not error.observed:
            raise
        return wrong_image(parameters, version, error.observed, source.name, sums)
    size = image.path.stat().st_size
    base = read_image(
        image.path,
        work=work,
        tree=parameters.recovery_image is not None,
        progress=lambda done: progress.bytes_done("reading the base image", done, size),
    )
    missing, listing = _published_measurements(source, origin)
    facts = ImageFacts(
        origin=origin,
        file_name=source.name,
        sha256=base.sha256,
        size=base.size,
        version_text=base.version_text,
        boot_version_text=base.boot.version_text,
        has_checksums=base.has_checksums,
        entries=base.entries,
        verity=base.verity,
    )
    step = decide_image(
        parameters, version, facts, base.boot, sums=sums, listing=listing, published_missing=missing
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
    kept = (sums,) if sums else ()
    names = tuple(item.name for item in kept)
    failed = decide_digest(observed, parameters.base_image_sha256, listed_digest(sums, file_name), names)
    return BaseImageStep(
        (failed, *not_reached(checks.BASE_CHECKS, failed)),
        evidence=kept,
        version=version,
        record=ImageRecord(version=version, wrong_digest=observed, file_name=file_name),
    )


def decide_image(
    parameters: Parameters,
    version: str,
    facts: ImageFacts,
    boot: BootFiles,
    *,
    sums: Evidence | None,
    listing: Evidence | None,
    published_missing: str,
) -> BaseImageStep:
    """Decides checks 18 to 22 about an image that was read, now or when its record was made.

    Args:
        facts: what the reading found out about the image as a whole.
        boot: the files that are measured.
        sums: the SHA256SUMS beside the image, if there is one.
        listing: the release's own launch-measurements.json, if there is a usable one.
        published_missing: why there is none; empty when there is one.

    Raises:
        EvidenceError: ``sums``, ``listing`` or the boot arguments are malformed.
    """
    boot_args = parse_boot_args(boot.boot_args)
    published = parse_launch_measurements(listing.read(LIMITS.answer_bytes)) if listing else None
    sums_name = (IMAGE_SUMS,) if sums else ()
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
            decide_digest(
                facts.sha256,
                parameters.base_image_sha256,
                listed_digest(sums, facts.file_name),
                (IMAGE, *sums_name),
            ),
            decide_version(texts, version, (IMAGE,)),
            decide_file_system(facts.has_checksums, facts.entries, (IMAGE,)),
            decide_boot_args(boot_args, (BOOT_ARGS,)),
            decide_root_hash(boot_args, parameters.boot_args, facts.verity, (IMAGE, BOOT_ARGS)),
        ),
        evidence=evidence,
        version=version,
        boot=boot,
        boot_args=boot_args,
        verity=facts.verity,
        published=published,
        published_missing=published_missing,
        record=ImageRecord(
            version=version, facts=facts, file_name=facts.file_name, published_missing=published_missing
        ),
    )


def listed_digest(sums: Evidence | None, file_name: str) -> str | None:
    """The digest of the image in the SHA256SUMS beside it; None without such a file, or when it lists others only."""
    if sums is None:
        return None
    text = sums.read(LIMITS.answer_bytes).decode("utf-8", "replace")
    return parse_sha256sums(text, where=sums.origin).get(file_name)


def _published_sums(source: Source, origin: str) -> Evidence | None:
    try:
        data = read_bytes(source.sibling("SHA256SUMS"), LIMITS.answer_bytes)
    except NotFoundError:
        return None
    return Evidence.of_bytes(IMAGE_SUMS, data, f"SHA256SUMS beside {origin}")


def _published_measurements(source: Source, origin: str) -> tuple[str, Evidence | None]:
    """The release's own list, or why there is none that can be used."""
    place = source.sibling(COMPUTED)
    try:
        data = read_bytes(place, LIMITS.answer_bytes)
        parse_launch_measurements(data)
    except NotFoundError:
        return f"There is no {COMPUTED} beside the base image.", None
    except (SourceError, EvidenceError) as error:
        return f"The {COMPUTED} beside the base image cannot be used: {error.what}.", None
    return "", Evidence.of_bytes(PUBLISHED, data, f"{COMPUTED} beside {origin}")


def measure_base(
    parameters: Parameters, image: BaseImageStep, progress: Progress | None = None
) -> MeasurementStep:
    """Computes the launch measurements of the release matrix and decides checks 23 and 24.

    Raises:
        ParameterError: the matrix makes no sense.
    """
    if image.boot is None or image.boot_args is None:
        return MeasurementStep(decisions=unreached(image, checks.MEASUREMENT_CHECKS))
    (progress or Silent()).step("measuring")
    boot = image.boot
    try:
        lines = _command_lines(parameters, image.boot_args)
        measured = measured_boot(boot.firmware, boot.kernel, boot.initrd)
        computed = measure(
            measured,
            lines,
            vcpu_types=parameters.vcpu_types,
            vcpus=parameters.vcpus,
            guest_features=parameters.guest_features,
        )
    except EvidenceError as error:
        return MeasurementStep(trouble=(told(error),))
    opinion = second_opinion(computed, boot.firmware, boot.kernel, boot.initrd)
    files = (FIRMWARE, KERNEL, INITRD, BOOT_ARGS)
    listing = (PUBLISHED,) if image.published is not None else ()
    return MeasurementStep(
        decisions=(
            decide_second_opinion(opinion, files),
            decide_published(image.published, computed, image.published_missing, (COMPUTED, *listing)),
        ),
        evidence=(Evidence.of_bytes(COMPUTED, render_launch_measurements(computed), "computed by auditkit"),),
        computed=computed,
        boot=measured,
        command_lines=tuple(lines.items()),
    )


def _command_lines(parameters: Parameters, boot_args: BootArgs) -> dict[str, str]:
    missing = [name for name in parameters.boot_args if name not in boot_args.lines]
    if missing:
        raise EvidenceError(
            f"the base release has no command line {missing[0]}",
            where="boot_args",
            hint=f"it has {', '.join(boot_args.lines) or 'none'}; name those that were measured in boot_args",
        )
    return {name: boot_args.lines[name].text for name in parameters.boot_args}


def compare_measurements(
    parameters: Parameters,
    proposal: ProposalStep,
    image: BaseImageStep,
    measurements: MeasurementStep,
    progress: Progress | None = None,
) -> OverlapStep:
    """Compares every blessed with every computed measurement and decides checks 25 to 28."""
    if proposal.bless is None:
        return OverlapStep(decisions=unreached(proposal, checks.OVERLAP_CHECKS))
    if not measurements.computed:
        before = image if image.boot is None else measurements
        return OverlapStep(decisions=unreached(before, checks.OVERLAP_CHECKS))
    (progress or Silent()).step("explaining")
    blessed = proposal.bless.base_guest_launch_measurements
    known = {setting.measurement for setting in measurements.computed}
    unknown = {entry.measurement for entry in blessed} - known
    rows = compare(blessed, measurements.computed, _explanations(parameters, unknown, image, measurements))
    return OverlapStep(decisions=decide_overlap(rows, (PROPOSAL, COMPUTED)), rows=rows)


def _explanations(
    parameters: Parameters, unknown: set[bytes], image: BaseImageStep, measurements: MeasurementStep
) -> Mapping[bytes, str]:
    found: dict[bytes, str] = {}
    if unknown and measurements.boot and image.boot_args and parameters.sweep_vcpus_max:
        lines = {name: line.text for name, line in image.boot_args.lines.items()}
        swept = explain(unknown, measurements.boot, lines, vcpus_max=parameters.sweep_vcpus_max)
        found = {measurement: sentence(explanation.text) for measurement, explanation in swept.items()}
    for measurement in unknown - found.keys():
        if release := find_release(measurement, more=other_known_releases(parameters)):
            found[measurement] = (
                f"This is a measurement of another release, {release.version} ({release.build})."
            )
    return found


def sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def told(error: AuditkitError) -> Trouble:
    """The trouble that ``error`` is about."""
    what = error.what
    if error.expected or error.observed:
        what += f" (expected {error.expected or 'something else'}, found {error.observed or 'nothing'})"
    return Trouble(what, error.where, error.hint)


def first_failure(decisions: Iterable[Decision]) -> Decision:
    """The first failed decision.

    Raises:
        ParameterError: none failed; the caller promised one.
    """
    for decision in decisions:
        if decision.outcome == "fail":
            return decision
    raise ParameterError("internal error: a step stopped without a failed decision")


def unreached(before: Step, members: Iterable[Check]) -> tuple[Decision, ...]:
    """Skips of ``members`` when the step before failed; no decisions, hence TROUBLE, when it met trouble."""
    if before.trouble or not before.decisions:
        return ()
    return not_reached(members, first_stop(before))


def first_stop(before: Step) -> Decision:
    """The decision that kept a step from its result: its first failure, or the skip that told of an earlier one."""
    for outcome in ("fail", "skip"):
        for decision in before.decisions:
            if decision.outcome == outcome:
                return decision
    raise ParameterError("internal error: a step stopped without saying why")


def not_reached(members: Iterable[Check], because: Decision) -> tuple[Decision, ...]:
    """Skips of ``members``, but of the failed check itself, that name the check that stopped the audit."""
    reason = f"Not reached: {because.id} failed." if because.outcome == "fail" else because.reason
    return tuple(check.skipped(reason) for check in members if check.id != because.id)


def utc(seconds: float) -> str:
    """RFC 3339 with Z, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Clock = Callable[[], float]
