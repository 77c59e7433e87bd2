"""Whether others compute and publish the same measurements (checks 23 and 24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from auditkit import checks
from auditkit.decision import Decision
from auditkit.sev import LaunchMeasurement, PublishedMeasurement, SecondOpinion


def decide_second_opinion(opinion: SecondOpinion, evidence: tuple[str, ...]) -> Decision:
    """Check 23."""
    check = checks.MEASUREMENT_SECOND_OPINION
    who = f"{opinion.library} {opinion.version}"
    if opinion.disagreements:
        first = opinion.disagreements[0]
        found = first.other.hex() if first.other else first.reason
        setting = f"{first.computed.vcpu_type}, {first.computed.vcpus} vCPUs, {first.computed.boot_args}"
        return check.failed(
            f"{who} disagrees on {len(opinion.disagreements)} of {opinion.compared}; {setting}: {found}",
            "Two programs measure the same files differently, so neither result can be relied on.",
            expected=first.computed.measurement.hex(),
            evidence=evidence,
        )
    return check.passed(
        f"{who} agrees on all {opinion.compared}",
        "Two programs that share no code measure the same.",
        evidence=evidence,
    )


def decide_published(
    published: Sequence[PublishedMeasurement] | None,
    computed: Sequence[LaunchMeasurement],
    why_not: str,
    evidence: tuple[str, ...],
    *,
    contradiction: str = "",
) -> Decision:
    """Check 24. What a release server publishes is its word only, so a difference is a warning.

    Args:
        published: the entries of launch-measurements.json; None when they could not be had.
        why_not: why they could not be had.
        contradiction: what the list of known releases says against these measurements, in one sentence; empty when
            nothing. A server that gives one release at the address of another gives its list too.
    """
    check = checks.MEASUREMENT_PUBLISHED
    if contradiction:
        beside = "no list" if published is None else f"a list of {len(published)}"
        return check.warned(
            f"{len(computed)} computed, {beside} beside the image", contradiction, evidence=evidence
        )
    if published is None:
        return check.skipped(why_not, evidence=evidence)
    theirs = Counter(entry.measurement for entry in published)
    ours = Counter(setting.measurement for setting in computed)
    if theirs == ours:
        return check.passed(
            f"all {len(published)} equal",
            "The release published what its files measure to.",
            evidence=evidence,
        )
    shared = len(theirs.keys() & ours.keys())
    return check.warned(
        f"{shared} in common, {len(theirs.keys() - ours.keys())} only published, "
        f"{len(ours.keys() - theirs.keys())} only computed",
        "The release published other measurements than those of the settings audited here.",
        evidence=evidence,
    )
