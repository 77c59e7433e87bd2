"""Check 77: what is new in the root file system."""

from __future__ import annotations

from audit.outcomes.case import passes, resting_on, skips, warns

from auditkit import checks
from auditkit.audit import decide_root_changes, decide_roots_not_compared
from auditkit.guestos.roots import (
    ComparedRoot,
    Counts,
    Notable,
    ReasonCount,
    RootComparison,
    SettingDifference,
)
from auditkit.pipeline.steps.roots import unasked_roots

EVIDENCE = ("root-comparison.json",)


def root(*, problems: tuple[str, ...] = (), warnings: tuple[str, ...] = ()) -> ComparedRoot:
    return ComparedRoot("ab" * 32, problems, warnings, 12, 4_096, True)


def decide(base: ComparedRoot | None = None, counts=(0, 0, 0, 0), settings=(), **reasons: int):
    """What is decided where names stand at the top for these reasons, though not one of them is listed."""
    found = tuple(ReasonCount(Notable[name], number) for name, number in reasons.items())
    comparison = RootComparison(
        base or root(), root(), Counts(*counts), found, settings, 0, (), (), sum(counts), ()
    )
    return lambda: decide_root_changes(comparison, EVIDENCE)


CASES = (
    skips(
        checks.ROOT_CHANGES,
        "no image",
        lambda: unasked_roots(image=False).decisions,
        "No recovery image was given.",
    ),
    skips(
        checks.ROOT_CHANGES,
        "not wanted",
        lambda: unasked_roots(image=True).decisions,
        "The parameters ask for no comparison (compare_roots is false).",
    ),
    warns(
        checks.ROOT_CHANGES,
        "it cannot be done",
        lambda: decide_roots_not_compared("the image is cut short"),
        "not compared",
        "What is new in the root file system could not be found out: the image is cut short.",
    ),
    *resting_on(
        EVIDENCE,
        passes(
            checks.ROOT_CHANGES,
            "the same",
            decide(),
            "no difference",
            "No name, right or content differs.",
        ),
        warns(
            checks.ROOT_CHANGES,
            "the same, with an oddity",
            decide(base=root(problems=("another salt",), warnings=("data behind it",))),
            "0 added, 0 removed, 0 changed, 0 in metadata alone",
            "No name, right or content differs. The root hash does not vouch for all of the base: another salt. Of the "
            "base: data behind it.",
        ),
        warns(
            checks.ROOT_CHANGES,
            "the same, with another setting",
            decide(
                settings=(SettingDifference("label", "none", "x"), SettingDifference("flags", "0x1", "0x2"))
            ),
            "0 added, 0 removed, 0 changed, 0 in metadata alone",
            "No name, right or content differs. The file system itself has another value of: label, flags.",
        ),
        warns(
            checks.ROOT_CHANGES,
            "one difference",
            decide(counts=(1, 0, 0, 0)),
            "1 added, 0 removed, 0 changed, 0 in metadata alone",
            "1 name differs; none stands in a place that auditkit knows to decide what runs, with which rights, or "
            "whom the system trusts.",
        ),
        warns(
            checks.ROOT_CHANGES,
            "thousands, some of which matter",
            decide(
                counts=(1_000, 200, 30, 4),
                STARTED=501,
                KEYS=1,
            ),
            "1,000 added, 200 removed, 30 changed, 4 in metadata alone",
            "1,234 names differ, and 502 of them decide what runs, with which rights, or whom the system trusts: look "
            "at these.",
        ),
        warns(
            checks.ROOT_CHANGES,
            "one that matters",
            decide(counts=(0, 1, 1, 0), USERS=1),
            "0 added, 1 removed, 1 changed, 0 in metadata alone",
            "2 names differ, and 1 of them decides what runs, with which rights, or whom the system trusts: look at "
            "these.",
        ),
    ),
)
