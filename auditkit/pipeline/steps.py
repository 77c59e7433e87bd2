"""The audit in steps, each a function of the parameters and of what came before.

    proposal ──► base image ──► measurements ──► comparison ──► recovery image, node ──► document

A step decides its checks, says what trouble it met, and keeps the evidence that its decisions rest on. What a step
cannot do because an earlier one failed is skipped, visibly; what it cannot do because of trouble has no decision, and
so the verdict is TROUBLE. Only `ParameterError` is raised: everything else is a result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from auditkit.audit import (
    Overlap,
    Trouble,
)
from auditkit.decision import Check, Decision
from auditkit.errors import AuditkitError, ParameterError
from auditkit.evidence import Evidence
from auditkit.guestos import BootArgs, BootFiles, TreeSnapshot, VerityRoot
from auditkit.ic import BlessAlternativeGuestOsVersion, ProposalVerification
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.record import ImageRecord
from auditkit.pipeline.redaction import redacted_error
from auditkit.pipeline.unkept import Unkept
from auditkit.sev import (
    LaunchMeasurement,
    MeasuredBoot,
    PublishedMeasurement,
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
        refused: the check that the answer failed before there was a certificate; None otherwise.
        moment: as of when it was judged what is over and what has expired, a whole second in UTC; None when there was
            nothing to judge. The document keeps it as the start of the run, for a replay.
        unkept: files that are not kept, since they do not have their form.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    verification: ProposalVerification | None = None
    refused: Decision | None = None
    moment: datetime | None = None
    unkept: tuple[Unkept, ...] = ()

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


def unreached(before: Step, members: Iterable[Check]) -> tuple[Decision, ...]:
    """Skips of ``members`` when the step before failed; no decisions, hence TROUBLE, when it met trouble."""
    if before.trouble or not before.decisions:
        return ()
    return not_reached(members, first_stop(before))


def not_reached(members: Iterable[Check], because: Decision) -> tuple[Decision, ...]:
    """Skips of ``members``, but of the failed check itself, that name the check that stopped the audit."""
    reason = f"Not reached: {because.id} failed." if because.outcome == "fail" else because.reason
    return tuple(check.skipped(reason) for check in members if check.id != because.id)


def first_failure(decisions: Iterable[Decision]) -> Decision:
    """The first failed decision.

    Raises:
        ParameterError: none failed; the caller promised one.
    """
    for decision in decisions:
        if decision.outcome == "fail":
            return decision
    raise ParameterError("internal error: a step stopped without a failed decision")


def first_stop(before: Step) -> Decision:
    """The decision that kept a step from its result: its first failure, or the skip that told of an earlier one."""
    for outcome in ("fail", "skip"):
        for decision in before.decisions:
            if decision.outcome == outcome:
                return decision
    raise ParameterError("internal error: a step stopped without saying why")


def trouble_of(error: AuditkitError, parameters: Parameters) -> Trouble:
    """The trouble that ``error`` is about, without places of this machine."""
    shown = redacted_error(error, parameters)
    return Trouble(shown.what_was_found, shown.where, shown.hint)
