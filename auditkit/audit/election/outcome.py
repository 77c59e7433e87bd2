"""Is the proposal about this image, the whole image, and what came of it (checks 59 to 63)?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from auditkit import checks
from auditkit.audit.overlap import UNEXPLAINED, Overlap, Relation, Setting, decide_labels
from auditkit.audit.settings import RELEASE_MATRIX
from auditkit.decision import JSON_PART, Decision, Outcome, first_stop
from auditkit.ic import ElectionPayload
from auditkit.ic.registry import RegistryVerification, replica_version_key
from auditkit.sev import LaunchMeasurement


@dataclass(frozen=True, slots=True)
class ServedImage:
    """What an address of the proposal gave.

    Attributes:
        url: the address.
        sha256: digest of what came, 64 hex digits; None when nothing came.
        trouble: why nothing came, in words; empty otherwise.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    url: str
    sha256: str | None
    trouble: str = ""


def decide_served(
    served: Sequence[ServedImage], wanted: str, addresses: int, evidence: tuple[str, ...]
) -> Decision:
    """Check 59.

    Args:
        served: the addresses that were asked, at least one of which gave something; none when the image came from
            elsewhere.
        wanted: the digest of the proposal, 64 hex digits.
        addresses: how many the proposal names.
    """
    check = checks.ELECTION_IMAGE
    if not served:
        return check.warned(
            f"none of {addresses} addresses was asked",
            "The image was here already, or came from where the parameters say; what the proposal's addresses give now "
            "was not looked at.",
            expected=wanted,
            evidence=evidence,
        )
    other = [one for one in served if one.sha256 not in (None, wanted.lower())]
    if other:
        return check.failed(
            f"{other[0].url} gives {other[0].sha256}",
            "What lies at an address of the proposal is not the image that it names.",
            expected=wanted,
            evidence=evidence,
        )
    given = sum(one.sha256 is not None for one in served)
    if silent := [one for one in served if one.sha256 is None]:
        return check.warned(
            f"{given} of {len(served)} addresses gave it; {silent[0].url}: {silent[0].trouble}"[:500],
            "Nodes try the addresses in turn, so that one that gives nothing does no harm while another works.",
            expected=wanted,
            evidence=evidence,
        )
    return check.passed(
        f"{given} of {addresses} addresses asked",
        "The image there has the digest of the proposal.",
        expected=wanted,
        evidence=evidence,
    )


def decide_proposed(rows: Sequence[Overlap], evidence: tuple[str, ...]) -> tuple[Decision, ...]:
    """Checks 60 to 62 over the rows of `compare`, whose blessed side is here what the proposal gives."""
    proposed = [row for row in rows if row.blessed is not None]
    shared = [row for row in proposed if row.computed is not None]
    foreign = [row for row in rows if row.relation is Relation.BLESSED_ONLY]
    lacking = [row for row in rows if row.relation is Relation.COMPUTED_ONLY]
    return (
        _explained(proposed, foreign, evidence),
        decide_labels(shared, evidence, check=checks.ELECTION_LABELS),
        _coverage(rows, lacking, evidence),
    )


def _explained(proposed: list[Overlap], foreign: list[Overlap], evidence: tuple[str, ...]) -> Decision:
    check = checks.ELECTION_EXPLAINED
    if not proposed:
        return check.skipped(
            "The proposal gives no measurement, so there is none to explain.", evidence=evidence
        )
    if not foreign:
        return check.passed(
            f"all {len(proposed)} measurements of the proposal are computed",
            "Whoever proves one of them runs this image.",
            evidence=evidence,
        )
    first = foreign[0]
    return check.failed(
        f"{len(foreign)} of {len(proposed)} are not computed, the first being {first.measurement.hex()}",
        "The proposal would let something else than this image pass as the release. "
        f"{first.explanation or UNEXPLAINED}",
        evidence=evidence,
    )


def _coverage(rows: Sequence[Overlap], lacking: list[Overlap], evidence: tuple[str, ...]) -> Decision:
    check = checks.ELECTION_COVERAGE
    started = [row for row in lacking if _is_started(row.computed)]
    if not lacking:
        return check.passed(
            "every computed measurement is in the proposal",
            "Nodes of every CPU type that releases are measured for can start this version.",
            evidence=evidence,
        )
    first = (started or lacking)[0]
    setting = f"{first.computed.vcpu_type}, " if first.computed and first.computed.vcpu_type else ""
    computed = sum(row.computed is not None for row in rows)
    observed = (
        f"{len(started or lacking)} of {computed} are not, the first being {setting}{first.measurement.hex()}"
    )
    if not started:
        return check.warned(
            observed,
            "They belong to settings that releases are not measured in, so the proposal need not hold them.",
            evidence=evidence,
        )
    return check.failed(
        observed,
        "Nodes that start like this would not be let in: they could not run the version.",
        evidence=evidence,
    )


def _is_started(setting: Setting | None) -> bool:
    """Whether nodes are started in a setting; what the parameters add to the release matrix is nobody's duty."""
    return not isinstance(setting, LaunchMeasurement) or (
        setting.vcpus in RELEASE_MATRIX.vcpus
        and setting.vcpu_type in RELEASE_MATRIX.vcpu_types
        and setting.boot_args in RELEASE_MATRIX.boot_args
        and setting.guest_features == RELEASE_MATRIX.guest_features
    )


def decide_record(
    record: RegistryVerification | None,
    election: ElectionPayload,
    evidence: tuple[str, ...],
    *,
    executed_ns: int,
    unheard: str = "",
) -> Decision:
    """Check 63, after the proposal was executed.

    Args:
        record: the verified answer of the registry about the version's record; None when it was not asked.
        executed_ns: when it was executed, nanoseconds since 1970: an answer of before cannot know of it.
        unheard: why the registry was not asked.
    """
    check = checks.ELECTION_RECORD
    if record is None:
        return check.skipped(unheard or "The registry was not asked.", evidence=evidence)
    answer = record.answer
    if answer is None:
        stop = first_stop(record.decisions)
        if stop.outcome is Outcome.FAIL:
            return check.failed(
                f"{stop.id}: {stop.observed}",
                f"What is given as the registry's answer is not: {stop.reason}",
                evidence=evidence,
            )
        return check.skipped(stop.reason, evidence=evidence)
    key = replica_version_key(election.version_to_elect or "")
    if answer.key != key:
        return check.failed(
            answer.key[:200],
            "The registry was asked about another record.",
            expected=key,
            evidence=evidence,
        )
    if (record.time_ns or 0) < executed_ns:
        return check.skipped(
            "The registry's answer was signed before the proposal was executed: ask it again.",
            evidence=evidence,
        )
    where = f"the registry (version {answer.version:,})"
    if answer.record is None and answer.asked_version is not None:
        return check.skipped(
            f"There was no record at version {answer.asked_version:,} of the registry, and no later one was asked.",
            evidence=evidence,
        )
    if answer.record is None:
        return check.warned(
            f"no record in {where}",
            "The version is not elected now: it has been un-elected since, as releases are routinely.",
            evidence=evidence,
        )
    wanted = (election.sha256_hex or "").lower()
    if answer.record.sha256_hex.lower() != wanted:
        return check.failed(
            answer.record.sha256_hex,
            "The registry tells nodes to run another image than the one that was voted on.",
            expected=wanted,
            evidence=evidence,
        )
    theirs = {entry.measurement for entry in answer.record.measurements or ()}
    ours = {entry.measurement for entry in election.measurements or ()}
    if theirs != ours:
        return check.failed(
            f"{len(theirs & ours)} measurements in common, {len(theirs - ours)} only in the record, "
            f"{len(ours - theirs)} only in the proposal",
            "The registry holds other measurements than those that were voted on.",
            evidence=evidence,
        )
    return check.passed(
        f"a record in {where}",
        "Its digest and its measurements are those of the proposal.",
        evidence=evidence,
    )
