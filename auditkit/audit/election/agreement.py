"""Do image, measurements and proposal agree with what the NNS elected (checks 51 to 53)?"""

from __future__ import annotations

from collections.abc import Sequence

from auditkit import checks
from auditkit.audit.election.witness import ElectedRelease
from auditkit.decision import Decision, Qualification
from auditkit.ic import BlessedMeasurement
from auditkit.sev import LaunchMeasurement

_WITHOUT = "The NNS elected this release without launch measurements, so there are none to compare with."


def decide_certified_digest(observed: str, release: ElectedRelease, evidence: tuple[str, ...]) -> Decision:
    """Check 51.

    Args:
        observed: SHA-256 of the whole image, 64 hex digits.
    """
    check = checks.ELECTION_DIGEST
    if observed != release.sha256.lower():
        return check.failed(
            observed,
            f"The image is not the one that the NNS elected under this version: {release.said_by} names another.",
            expected=release.sha256,
            evidence=evidence,
        )
    return check.passed(
        observed, f"It is the image that the NNS elected, says {release.said_by}.", evidence=evidence
    )


def decide_certified_measurements(
    computed: Sequence[LaunchMeasurement],
    release: ElectedRelease,
    evidence: tuple[str, ...],
    *,
    release_matrix: bool,
) -> Decision:
    """Check 52.

    Args:
        computed: the measurements of the base image.
        release_matrix: whether they are those of the settings that releases are measured in. In other settings they
            cannot be the certified ones, which is then a warning.
    """
    check = checks.ELECTION_MEASUREMENTS
    if release.measurements is None:
        return check.warned(
            f"{len(computed)} computed, none certified",
            _WITHOUT,
            evidence=evidence,
            qualifications=(Qualification.NO_CERTIFIED_MEASUREMENTS,),
        )
    certified = {entry.measurement for entry in release.measurements}
    ours = {setting.measurement for setting in computed}
    if certified == ours:
        return check.passed(
            f"all {len(ours)} equal",
            f"The image measures to what the NNS elected, says {release.said_by}.",
            evidence=evidence,
        )
    observed = (
        f"{len(certified & ours)} in common, {len(certified - ours)} only certified, "
        f"{len(ours - certified)} only computed"
    )
    if not release_matrix:
        return check.warned(
            observed,
            "The image was measured in other settings than those of releases, so that the lists cannot be equal.",
            evidence=evidence,
        )
    if ours < certified or certified < ours:
        return check.warned(
            observed,
            "One list holds the other whole: image and record are about one release, and one of them about more CPU "
            "types.",
            evidence=evidence,
        )
    return check.failed(
        observed,
        "The image does not measure to what the NNS elected: either the record or the image is wrong.",
        evidence=evidence,
    )


def decide_blessed(
    blessed: Sequence[BlessedMeasurement],
    release: ElectedRelease,
    computed: Sequence[LaunchMeasurement] | None,
    evidence: tuple[str, ...],
) -> Decision:
    """Check 53.

    Args:
        computed: the measurements of the base image, whose digest is certified; None when no image was read. What the
            record does not list and the certified image measures to was elected with the image.
    """
    check = checks.ELECTION_BLESSED
    if release.measurements is None:
        return check.warned(
            f"{len(blessed)} blessed, none certified",
            _WITHOUT,
            evidence=evidence,
            qualifications=(Qualification.NO_CERTIFIED_MEASUREMENTS,),
        )
    certified = {entry.measurement for entry in release.measurements}
    foreign = [entry.measurement for entry in blessed if entry.measurement not in certified]
    if not foreign:
        return check.passed(
            f"all {len(blessed)} blessed measurements are certified",
            f"Each belongs to release {release.version[:12]}, says {release.said_by}.",
            evidence=evidence,
        )
    observed = f"{len(foreign)} of {len(blessed)} are not, the first being {foreign[0].hex()}"
    if computed is not None and {setting.measurement for setting in computed}.issuperset(foreign):
        return check.warned(
            observed,
            "The record does not list them, but the image that the NNS elected measures to them.",
            evidence=evidence,
        )
    if len(foreign) == len(blessed):
        return check.failed(
            observed,
            f"The proposal blesses nothing of what the NNS elected as release {release.version[:12]}.",
            evidence=evidence,
        )
    if computed is None:
        return check.skipped(
            f"{observed}. Only the image can tell whether they are its own: audit again with depth: image.",
            evidence=evidence,
        )
    return check.failed(
        observed,
        f"The proposal blesses something that is not release {release.version[:12]} as the NNS elected it.",
        evidence=evidence,
    )
