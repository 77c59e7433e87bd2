"""The comparison of what the NNS blessed with what we computed, measurement by measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditkit import checks
from auditkit.audit.verdict.policy import Subject
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError
from auditkit.ic import BlessedMeasurement
from auditkit.limits import LIMITS, Limits
from auditkit.sev import CPU_SIGNATURES, LaunchMeasurement, PublishedMeasurement

Setting = LaunchMeasurement | PublishedMeasurement
"""One side of the comparison: a measurement that we computed, or one from a launch-measurements.json."""


UNEXPLAINED: Final = (
    "Nobody can say what this measurement is: no setting that was tried and no known release produces it."
)


_LEFT_OUT: Final = {
    "recovery": "The proposal does not bless {}: a node started that way cannot be recovered with it, but nothing "
    "unsafe is blessed.",
    "election": "The proposal does not hold {}: a node started that way could not run the version.",
}


class Relation(StrEnum):
    """How one measurement stands in the two lists."""

    MATCHED = "matched"
    METADATA_DIFFERS = "metadata-differs"
    BLESSED_ONLY = "blessed-only"
    COMPUTED_ONLY = "computed-only"

    @property
    def in_words(self) -> str:
        """How tables, legends and pages call it."""
        return {
            Relation.MATCHED: "in the proposal and computed",
            Relation.METADATA_DIFFERS: "computed, but the label is wrong",
            Relation.BLESSED_ONLY: "in the proposal, but not computed",
            Relation.COMPUTED_ONLY: "computed, but not in the proposal",
        }[self]

    @property
    def mark(self) -> str:
        """The same in two or three words, for figures; nothing where all is well."""
        return {
            Relation.MATCHED: "",
            Relation.METADATA_DIFFERS: "label is wrong",
            Relation.BLESSED_ONLY: "✗ not computed",
            Relation.COMPUTED_ONLY: "not proposed",
        }[self]


@dataclass(frozen=True, slots=True)
class Overlap:
    """One measurement, seen from both sides.

    Attributes:
        relation: how it stands in the two lists.
        measurement: the 48 bytes that are compared; nothing else decides the relation's first half.
        blessed: the entry of the proposal, None when only computed.
        computed: the setting of the base release, None when only blessed.
        contradictions: what the blessed labels say that the computed setting is not.
        unlabelled: which labels the proposal leaves out.
        explanation: what the measurement is, in one sentence, where that needs saying.
    """

    relation: Relation
    measurement: bytes
    blessed: BlessedMeasurement | None
    computed: Setting | None
    contradictions: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    explanation: str | None = None


def compare(
    blessed: Sequence[BlessedMeasurement],
    computed: Sequence[Setting],
    explanations: Mapping[bytes, str],
    *,
    subject: Subject = "recovery",
    limits: Limits = LIMITS,
) -> tuple[Overlap, ...]:
    """Every blessed entry in the proposal's order, then every computed setting that is not blessed.

    Args:
        blessed: the measurements of the proposal.
        computed: the launch measurements of the release matrix.
        explanations: for a blessed measurement that the matrix does not hold, one sentence that says what it is.
        subject: what the proposal is about, which decides what a computed setting means that it does not hold.

    Raises:
        EvidenceError: the proposal has more measurements than a report can hold.
    """
    if len(blessed) > limits.blessed_measurements:
        raise EvidenceError(
            "the proposal blesses more measurements than any recovery needs",
            expected=f"at most {limits.blessed_measurements}",
            observed=str(len(blessed)),
        )
    settings: dict[bytes, list[Setting]] = {}
    for setting in computed:
        settings.setdefault(setting.measurement, []).append(setting)
    rows = [_blessed_row(entry, settings.get(entry.measurement, ()), explanations) for entry in blessed]
    known = {entry.measurement for entry in blessed}
    rows += [
        Overlap(
            Relation.COMPUTED_ONLY,
            setting.measurement,
            None,
            setting,
            explanation=_LEFT_OUT[subject].format(_in_words(setting)),
        )
        for setting in computed
        if setting.measurement not in known
    ]
    return tuple(rows)


def _blessed_row(
    entry: BlessedMeasurement, settings: Sequence[Setting], explanations: Mapping[bytes, str]
) -> Overlap:
    if not settings:
        explanation = explanations.get(entry.measurement) or UNEXPLAINED
        return Overlap(Relation.BLESSED_ONLY, entry.measurement, entry, None, explanation=explanation)
    # Settings may share a measurement (CPU types with one signature): the labels need to fit only one of them.
    best = min(settings, key=lambda setting: len(_contradictions(entry, setting)))
    contradictions = _contradictions(entry, best)
    unlabelled = tuple(
        name
        for name, value in (("kernel_cmdline", entry.kernel_cmdline), ("vcpu_type", entry.vcpu_type))
        if value is None
    )
    return Overlap(
        Relation.METADATA_DIFFERS if contradictions else Relation.MATCHED,
        entry.measurement,
        entry,
        best,
        contradictions,
        unlabelled,
        "The label is wrong: " + "; ".join(contradictions) + "." if contradictions else None,
    )


def _contradictions(entry: BlessedMeasurement, setting: Setting) -> tuple[str, ...]:
    """An empty text says something, which may be wrong; only an absent one says nothing."""
    found = []
    cpu, line = setting.vcpu_type, setting.kernel_cmdline
    if entry.vcpu_type is not None and cpu is not None and not _same_cpu(entry.vcpu_type, cpu):
        found.append(f"it says {entry.vcpu_type!r}, the measurement is that of {cpu or 'no CPU type'}")
    if entry.kernel_cmdline is not None and line is not None and entry.kernel_cmdline != line:
        name = (
            setting.boot_args if isinstance(setting, LaunchMeasurement) else "the setting that was measured"
        )
        found.append(f"its kernel command line is not that of {name}")
    return tuple(found)


def _same_cpu(label: str, vcpu_type: str) -> bool:
    """Whether the names mean one CPU: some models share a signature, and only the signature is measured."""
    signature = CPU_SIGNATURES.get(label)
    return label == vcpu_type or (signature is not None and signature == CPU_SIGNATURES.get(vcpu_type))


def _in_words(setting: Setting) -> str:
    if isinstance(setting, LaunchMeasurement):
        return f"{setting.vcpu_type} with {setting.vcpus} vCPUs on {setting.boot_args}"
    return f"{setting.vcpu_type or 'a setting without CPU type'} of the list"


def decide_overlap(rows: Sequence[Overlap], evidence: tuple[str, ...]) -> tuple[Decision, ...]:
    """Checks 25 to 28 over the rows of `compare`."""
    blessed = [row for row in rows if row.blessed is not None]
    shared = [row for row in blessed if row.computed is not None]
    foreign = [row for row in rows if row.relation is Relation.BLESSED_ONLY]
    uncovered = [row for row in rows if row.relation is Relation.COMPUTED_ONLY]
    return (
        _any(blessed, shared, evidence),
        _explained(blessed, foreign, evidence),
        decide_labels(shared, evidence),
        _coverage(rows, uncovered, evidence),
    )


def _any(blessed: list[Overlap], shared: list[Overlap], evidence: tuple[str, ...]) -> Decision:
    observed = f"{len(shared)} of {len(blessed)} blessed measurements are computed"
    if shared:
        return checks.OVERLAP_ANY.passed(
            observed, "The proposal and the base release have measurements in common.", evidence=evidence
        )
    reason = "No blessed measurement is one of the base release in its release matrix."
    explained = [row.explanation for row in blessed if row.explanation not in (None, UNEXPLAINED)]
    if explained:
        which = "Each" if len(explained) == len(blessed) else f"{len(explained)} of {len(blessed)}"
        reason += f" {which} can be explained, the first like this: {explained[0]}"
    else:
        reason += (
            " Nobody can say what they are: no setting that was tried and no known release produces them."
        )
    return checks.OVERLAP_ANY.failed(observed, reason, evidence=evidence)


def _explained(blessed: list[Overlap], foreign: list[Overlap], evidence: tuple[str, ...]) -> Decision:
    if not foreign:
        return checks.OVERLAP_EXPLAINED.passed(
            f"all {len(blessed)} blessed measurements are computed",
            "The NNS blesses nothing but settings of the base release.",
            evidence=evidence,
        )
    first = foreign[0]
    return checks.OVERLAP_EXPLAINED.failed(
        f"{len(foreign)} of {len(blessed)} blessed measurements are not computed, "
        f"the first being {first.measurement.hex()}",
        f"The proposal blesses a guest that is not the base release in its release matrix. {first.explanation}",
        evidence=evidence,
    )


def decide_labels(
    shared: Sequence[Overlap], evidence: tuple[str, ...], *, check: Check = checks.OVERLAP_LABELS
) -> Decision:
    """Whether the labels describe the measurements they stand beside (check 27, or 61 of an election).

    Args:
        shared: the rows with both sides.
    """
    if not shared:
        return check.warned("no measurement in common", "There is no label to compare.", evidence=evidence)
    wrong = [row for row in shared if row.contradictions]
    if wrong:
        return check.failed(
            f"{len(wrong)} of {len(shared)} labels are wrong, the first beside {wrong[0].measurement.hex()}",
            f"A label tells voters something that the measurement is not: {'; '.join(wrong[0].contradictions)}.",
            evidence=evidence,
        )
    unlabelled = [row for row in shared if row.unlabelled]
    if unlabelled:
        return check.warned(
            f"{len(unlabelled)} of {len(shared)} lack {' and '.join(unlabelled[0].unlabelled)}",
            "Some labels are absent; those that are there are right.",
            evidence=evidence,
        )
    return check.passed(
        f"all {len(shared)} labels are right",
        "Each label names the CPU type and the command line that were measured.",
        evidence=evidence,
    )


def _coverage(rows: Sequence[Overlap], uncovered: list[Overlap], evidence: tuple[str, ...]) -> Decision:
    if uncovered:
        return checks.OVERLAP_COVERAGE.warned(
            f"{len(uncovered)} computed settings are not blessed",
            "Nodes of those settings cannot be recovered with this proposal; nothing unsafe is blessed.",
            evidence=evidence,
        )
    return checks.OVERLAP_COVERAGE.passed(
        "every computed setting is blessed",
        "Every CPU type of the release can be recovered.",
        evidence=evidence,
    )
