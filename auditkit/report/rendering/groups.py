"""The decisions in groups, one for each part of the chain, and how many ended how.

A check without an answer is one of three things: nobody asked it (no recovery image was given), the audit stopped
before it, or it was asked and could not be answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.decision import Check, Decision, Outcome, is_not_reached
from auditkit.report.document import AuditDocument

_GROUPS: Final = (
    ("certificate", "Certificate", "Did the Internet Computer sign this?", ("certificate.", "delegation.")),
    ("proposal", "Proposal", "Is it the right proposal, and is it well formed?", ("reply.", "proposal.")),
    ("base", "Base release", "Is this the image that was released, and is it whole?", ("base.",)),
    ("measurements", "Measurements", "Is our own computation right?", ("measurement.",)),
    (
        "election",
        "Election",
        "Did the NNS elect this release, and is the election about this image?",
        ("election.",),
    ),
    ("overlap", "Overlap", "Does the proposal bless what the base release measures to?", ("overlap.",)),
    ("recovery", "Recovery image", "Is it the base release, with a blessed root?", ("recovery.",)),
    (
        "root",
        "New root file system",
        "What does the recovery image hold that the base release does not?",
        ("root.",),
    ),
    ("chips", "Chips", "Whose machines does the proposal name?", ("chips.",)),
    ("attestation", "Recovered node", "Does a blessed chip run a blessed guest?", ("attestation.",)),
    ("provenance", "Build", "Who built the release?", ("provenance.",)),
    ("settings", "Settings", "What did the parameters choose?", ("settings.",)),
)


_WORDS: Final = {
    "pass": "passed",
    "fail": "failed",
    "warn": "with a warning",
    "unanswered": "without an answer",
    "not-reached": "not reached",
    "not-asked": "not asked",
}
SKIPS: Final = {"unanswered": "no answer", "not-reached": "not reached", "not-asked": "not asked"}
"""What the three kinds of a skip are called beside a check."""


@dataclass(frozen=True, slots=True)
class Group:
    """Decisions about one part of the chain.

    Attributes:
        anchor: name of the group for links.
        summary: how many passed, failed, warned and were skipped, in words.
    """

    anchor: str
    title: str
    question: str
    decisions: tuple[Decision, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """Checks without an answer for one and the same reason."""

    reason: str
    decisions: tuple[Decision, ...]


def groups(document: AuditDocument) -> tuple[Group, ...]:
    """The decisions in their order, one group for each part of the chain that has any."""
    told = []
    left = list(document.decisions)
    answered = document.policy.answered
    for anchor, title, question, prefixes in _GROUPS:
        members = tuple(decision for decision in left if decision.id.startswith(prefixes))
        left = [decision for decision in left if decision not in members]
        shown = release_name(document) if anchor == "base" else title
        told.append(Group(anchor, shown, question, members, tally(members, answered)))
    told.append(
        Group("others", "Further checks", "What else was looked at?", tuple(left), tally(left, answered))
    )
    return tuple(group for group in told if group.decisions)


def group_of(check_id: str) -> str:
    """The anchor of the group that a check belongs to."""
    return next((anchor for anchor, _, _, prefixes in _GROUPS if check_id.startswith(prefixes)), "others")


def release_name(document: AuditDocument) -> str:
    """What the release is called beside its version."""
    return "Release" if document.subject.kind == "election" else "Base release"


def state(decision: Decision, answered: Collection[str] = ()) -> str:
    """The outcome, or for a skip which kind of it: such as ``not-asked``.

    Args:
        answered: ids of the checks that the policy wants an answer to.
    """
    if decision.outcome is not Outcome.SKIP:
        return decision.outcome.value
    if is_not_reached(decision):
        return "not-reached"
    return "unanswered" if decision.id in answered else "not-asked"


def tally(decisions: Iterable[Decision], answered: Collection[str] = (), *, unreached: int = 0) -> str:
    """How many decisions ended how, such as ``10 passed, 1 failed, 14 not asked``.

    Args:
        answered: ids of the checks that the policy wants an answer to.
        unreached: how many more checks the audit made no decision on.
    """
    counts = Counter(state(decision, answered) for decision in decisions)
    counts["not-reached"] += unreached
    return ", ".join(f"{counts[name]} {word}" for name, word in _WORDS.items() if counts[name]) or "none made"


def tally_of(document: AuditDocument) -> str:
    """How many checks of the whole audit ended how, with those that it made no decision on."""
    return tally(document.decisions, document.policy.answered, unreached=len(unanswered(document)))


def pressing(document: AuditDocument) -> tuple[Decision, ...]:
    """What a reader has to look at: failures, then what has no answer that it needs, then warnings."""
    order, answered = ("fail", "unanswered", "warn"), document.policy.answered
    states = [(state(decision, answered), decision) for decision in document.decisions]
    return tuple(decision for wanted in order for found, decision in states if found == wanted)


def unasked(decisions: Iterable[Decision], answered: Collection[str]) -> tuple[Unasked, ...]:
    """The skipped checks that nothing follows from, those of one reason together, in their first order."""
    told: dict[str, list[Decision]] = {}
    for decision in decisions:
        if state(decision, answered) in ("not-asked", "not-reached"):
            told.setdefault(decision.reason, []).append(decision)
    return tuple(Unasked(reason, tuple(members)) for reason, members in told.items())


def unanswered(document: AuditDocument) -> tuple[Check, ...]:
    """The checks of the catalogue that made no decision, because the audit never got to them."""
    made = {decision.id for decision in document.decisions}
    asked = (
        checks.ELECTION_AUDIT_CHECKS if document.subject.kind == "election" else checks.RECOVERY_AUDIT_CHECKS
    )
    return tuple(check for check in asked if check.id not in made)
