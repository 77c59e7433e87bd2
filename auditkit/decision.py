"""A check and what it decided.

A check never returns a bool: it returns a `Decision`, which says what was asked, what was expected, what was
observed, and why that is a pass or a failure. Nothing but `auditkit.audit.verdict` sums decisions up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, StringConstraints

from auditkit.errors import ParameterError
from auditkit.numbers import EXACT

CheckId: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$")
]
Sentence: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
EvidenceName: TypeAlias = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}(/[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}){0,4}$",
        max_length=255,
    ),
]
"""The path of a file below ``evidence/``."""

JSON_PART: dict[str, Any] = {"extra": "forbid", "strict": True, "revalidate_instances": "always"}
"""For dataclasses that are parts of JSON documents: there they are checked whether they were read or made."""


_NOT_REACHED = "Not reached"


class Qualification(StrEnum):
    """What keeps a PASS from meaning all that the word alone means (docs/qualifications.md); names are stable.

    A warned decision carries the qualifications that follow from it. `auditkit.audit` gathers them and says each
    in a sentence.
    """

    OTHER_ROOT_KEY = "other-root-key"
    PRACTICE_NETWORK = "practice-network"
    POLICY_OVERLAP = "policy-overlap"
    MATRIX_CHANGED = "matrix-changed"
    NO_ROOT_IMAGE = "no-root-image"
    NO_REQUEST = "no-request"
    IMAGE_NOT_READ = "image-not-read"
    REGISTRY_NOT_READ = "registry-not-read"
    ANSWERS_NOT_KEPT = "answers-not-kept"
    SERVER_DIGEST = "server-digest"
    PINNED_DIGEST = "pinned-digest"
    NO_CERTIFIED_MEASUREMENTS = "no-certified-measurements"
    PLAIN_HTTP = "plain-http"
    OTHER_VERSION = "other-version"
    ONE_OPINION = "one-opinion"
    OLDER_POLICY = "older-policy"
    DEPTH_CERTIFICATES = "depth-certificates"


class Outcome(StrEnum):
    """What a check decided. `WARN` and `SKIP` appear in every rendering and never change a verdict."""

    PASS = "pass"  # noqa: S105  (an outcome, not a password)
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"

    @property
    def symbol(self) -> str:
        """The mark that stands before the word wherever outcomes are shown."""
        return {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.WARN: "!", Outcome.SKIP: "–"}[self]


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one check, in memory and in a document.

    Attributes:
        id: the check's id in `auditkit.checks`, such as ``certificate.signature``.
        number: its place in the order of the checks, from 1.
        question: what was asked, in words a voter understands.
        outcome: pass, fail, warn or skip.
        expected: what a pass would have shown.
        observed: what was there.
        reason: one sentence that says why the outcome follows.
        evidence: names of the files in the report's ``evidence/`` folder that the decision rests on.
        qualifications: what a warning takes from the meaning of a PASS; empty for every other outcome.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    id: CheckId
    number: Annotated[int, Field(ge=1, lt=EXACT)]
    question: Sentence
    outcome: Outcome
    expected: str
    observed: str
    reason: Sentence
    evidence: tuple[EvidenceName, ...] = ()
    qualifications: tuple[Qualification, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A check as the catalogue lists it; its methods make the decisions.

    Attributes:
        number: place in the order, from 1.
        id: stable name; scripts rely on it.
        question: asked so that "yes" is the good answer.
        expected: what a pass shows, when that is always the same.
        matters: why the question is asked, for a voter who has never seen SEV.
        failure: what a failure means; empty for a check that never fails.
        advice: what to do then; commands stand between backticks.
        unanswered: what to do where it has no answer; empty where the reason for that says all.
        election_advice: what to do in the audit of an election, where that is something else.
    """

    number: int
    id: str
    question: str
    expected: str
    matters: str = field(kw_only=True)
    failure: str = field(default="", kw_only=True)
    advice: str = field(kw_only=True)
    unanswered: str = field(default="", kw_only=True)
    election_advice: str = field(default="", kw_only=True)

    def passed(
        self, observed: str, reason: str, *, expected: str = "", evidence: tuple[str, ...] = ()
    ) -> Decision:
        """A decision that the answer is yes."""
        return self._decide(Outcome.PASS, observed, reason, expected, evidence)

    def failed(
        self, observed: str, reason: str, *, expected: str = "", evidence: tuple[str, ...] = ()
    ) -> Decision:
        """A decision that the answer is no."""
        return self._decide(Outcome.FAIL, observed, reason, expected, evidence)

    def warned(
        self,
        observed: str,
        reason: str,
        *,
        expected: str = "",
        evidence: tuple[str, ...] = (),
        qualifications: tuple[Qualification, ...] = (),
    ) -> Decision:
        """A decision that something deserves a reader's attention but not a failure."""
        return self._decide(Outcome.WARN, observed, reason, expected, evidence, qualifications=qualifications)

    def skipped(self, reason: str, *, evidence: tuple[str, ...] = ()) -> Decision:
        """A decision that the question was not asked, and why."""
        return self._decide(Outcome.SKIP, "not checked", reason, "", evidence)

    def not_reached(self, because: Decision, *, evidence: tuple[str, ...] = ()) -> Decision:
        """A decision that the question was not asked, because another check failed."""
        return self.skipped(why_not_reached(because), evidence=evidence)

    def _decide(
        self,
        outcome: Outcome,
        observed: str,
        reason: str,
        expected: str,
        evidence: tuple[str, ...],
        *,
        qualifications: tuple[Qualification, ...] = (),
    ) -> Decision:
        return Decision(
            id=self.id,
            number=self.number,
            question=self.question,
            outcome=outcome,
            expected=expected or self.expected,
            observed=observed,
            reason=reason,
            evidence=evidence,
            qualifications=qualifications,
        )


def why_not_reached(because: Decision) -> str:
    """The reason for whatever was not done because a check failed."""
    return f"{_NOT_REACHED}: {because.id} failed."


def is_not_reached(decision: Decision) -> bool:
    """Whether a check was not asked because the audit had stopped before it."""
    return decision.outcome is Outcome.SKIP and decision.reason.startswith(_NOT_REACHED)


def first_stop(decisions: Iterable[Decision]) -> Decision:
    """The decision that kept something from its result: its first failure, or the skip that reports an earlier one.

    A skip of a delegation, which the NNS itself needs none of, stops nothing.

    Raises:
        ParameterError: there is neither; the caller promised one.
    """
    made = tuple(decisions)
    for outcome in (Outcome.FAIL, Outcome.SKIP):
        for decision in made:
            if decision.outcome is outcome and not (
                outcome is Outcome.SKIP and decision.id.startswith("delegation.")
            ):
                return decision
    raise ParameterError("internal error: a step stopped without saying why")
