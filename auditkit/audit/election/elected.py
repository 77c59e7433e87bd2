"""Is the base version elected by the NNS (checks 49 and 50)?

Elected means: the registry holds a record of the version. Records go when a version is un-elected, which is routine,
so that a certified absence alone is no answer: a certified, executed proposal that elected the version is one too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from auditkit import checks
from auditkit.audit.election.witness import ElectedRelease, heard_witness, said_by
from auditkit.decision import JSON_PART, Decision, Outcome, why_not_reached
from auditkit.ic import ElectionVerification, time_text
from auditkit.ic.registry import (
    RegistryAnswer,
    RegistryVerification,
    ReplicaVersionRecord,
    replica_version_key,
)

_PROOF: Final = frozenset(
    check.id
    for check in (
        *checks.CERTIFICATE_CHECKS,
        checks.REPLY_REQUEST,
        checks.REGISTRY_REQUEST,
    )
)
_BINDING: Final = frozenset((checks.REPLY_REQUEST.id, checks.REGISTRY_REQUEST.id))
_REPLY: Final = frozenset((checks.REGISTRY_REPLY.id,))
_DAY_NS: Final = 24 * 3600 * 10**9
_ABSENT: Final = (
    "The registry certifies that this version is not elected now. Releases are un-elected routinely, so that it may "
    "have been: name the proposal that elected it (election_source: proposal:NUMBER), or a catalogue of elections "
    "(election_source: catalogue)."
)


@dataclass(frozen=True, slots=True)
class CatalogueWord:
    """What a catalogue of certified election proposals knows of a version that it knows no election of.

    Attributes:
        complete: whether it holds every election proposal up to ``as_of``, certified without a gap.
        elections: how many proposals it holds.
        as_of: when its newest list was signed, for reading; empty when it has none.
        since: the first proposal from which on nothing is missing; None when it has none. Governance forgets old ones.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    complete: bool
    elections: int
    as_of: str
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Elected:
    """Checks 49 and 50, and the release when both have an answer and none failed."""

    decisions: tuple[Decision, ...]
    release: ElectedRelease | None = None


def unasked(reason: str) -> Elected:
    """Checks 49 and 50 where there is nothing that could be asked.

    Args:
        reason: why, in one sentence.
    """
    return Elected(
        tuple(check.skipped(reason) for check in (checks.ELECTION_ANSWER, checks.ELECTION_ELECTED))
    )


def decide_elected(
    version: str,
    record: RegistryVerification | None,
    witness: ElectionVerification | None,
    catalogue: CatalogueWord | None,
    evidence: tuple[str, ...],
    *,
    unheard: str = "",
) -> Elected:
    """Checks 49 and 50 over what the registry, a proposal and a catalogue say about a version.

    Args:
        version: 40 hex digits.
        record: the verified answer of the registry about the version's record; None when it was not asked or could not
            be had.
        witness: the verified proposal that is said to have elected the version; None when there is none.
        catalogue: what a catalogue knows that holds no election of the version; None when none was asked.
        unheard: why the registry's answer could not be had, where it was asked for.
    """
    answers = tuple(one for one in (record, witness) if one is not None)
    made = tuple(decision for one in answers for decision in one.decisions)
    if not answers:
        return unasked(
            unheard or "Nothing that the NNS signed about the election of the base version was given."
        )
    if failed := _first(made, Outcome.FAIL, _PROOF):
        answer = checks.ELECTION_ANSWER.failed(
            f"{failed.id}: {failed.observed}",
            f"What is given as the NNS's answer about the election is not: {failed.reason}",
            evidence=evidence,
        )
        return Elected((answer, checks.ELECTION_ELECTED.skipped(why_not_reached(answer))))
    if unbound := _first(made, Outcome.SKIP, _BINDING) or _first(made, Outcome.WARN, _BINDING):
        why = f"Nothing follows from an answer about the election that came without its request. {unbound.reason}"
        return Elected(
            tuple(
                check.skipped(why, evidence=evidence)
                for check in (checks.ELECTION_ANSWER, checks.ELECTION_ELECTED)
            )
        )
    wanted = replica_version_key(version)
    if record is not None and record.answer is not None and record.answer.key != wanted:
        answer = checks.ELECTION_ANSWER.failed(
            record.answer.key[:200],
            "The registry was asked about another record.",
            expected=wanted,
            evidence=evidence,
        )
        return Elected((answer, checks.ELECTION_ELECTED.skipped(why_not_reached(answer))))
    answer = checks.ELECTION_ANSWER.passed(
        "; ".join(f"{said_by(one)}, signed {time_text(one.time_ns or 0)}" for one in answers),
        "The signature leads to the root key, and it is the answer to this question.",
        evidence=evidence,
    )
    decision, release = _elected(version, record, witness, catalogue, unheard)
    return Elected((answer, replace(decision, evidence=evidence)), release)


def _elected(
    version: str,
    record: RegistryVerification | None,
    witness: ElectionVerification | None,
    catalogue: CatalogueWord | None,
    unheard: str,
) -> tuple[Decision, ElectedRelease | None]:
    """Check 50."""
    check = checks.ELECTION_ELECTED
    heard = heard_witness(version, witness) if witness is not None else None
    refused = heard if isinstance(heard, Decision) else None
    witnessed = heard if isinstance(heard, ElectedRelease) else None
    answer = record.answer if record is not None else None
    if answer is not None and answer.record is not None:
        return _recorded(version, answer, answer.record, witnessed, refused)
    if refused is not None:
        return refused, None
    told = _first(record.decisions, Outcome.FAIL, _REPLY) if record is not None else None
    if answer is None and told is not None:
        return check.failed(told.observed, f"The registry's answer cannot be relied on: {told.reason}"), None
    absent = answer is not None and answer.asked_version is None
    if answer is not None and answer.asked_version is not None:
        now = f"It was not elected at version {answer.asked_version:,} of the registry, and no later one was asked."
    elif answer is not None:
        now = f"no record in the registry (version {answer.version:,})"
    else:
        unread = _first(record.decisions, Outcome.SKIP, _REPLY) if record is not None else None
        now = unread.reason if unread else unheard or "Whether it is elected now was not asked."
    if witnessed is not None:
        decide, why = (
            (check.passed, "and has been un-elected since, as releases are routinely.")
            if absent
            else (check.warned, "and what the registry says of it now is not known here.")
        )
        observed = f"{now.removesuffix('.')}; elected by {witnessed.said_by}"
        return decide(observed, f"It was elected by a certified proposal, {why}"), witnessed
    if not absent or record is None:
        return check.skipped(now), None
    return _absent(now, catalogue, record.time_ns or 0), None


def _absent(now: str, catalogue: CatalogueWord | None, signed_ns: int) -> Decision:
    """Check 50 where the registry certifies that it has no record and no proposal is known.

    Args:
        now: the absence, in words.
        signed_ns: when the registry signed it, nanoseconds since 1970.
    """
    check = checks.ELECTION_ELECTED
    if catalogue is None:
        return check.skipped(_ABSENT)
    first = f" from proposal {catalogue.since} on" if catalogue.since is not None else ""
    held = f"{catalogue.elections} election proposals{first}, as of {catalogue.as_of or 'an unknown time'}"
    lacking = "is not complete" if not catalogue.complete else "is older than that answer"
    if not catalogue.complete or _is_older(catalogue, signed_ns):
        return check.skipped(
            f"The registry certifies that this version is not elected now, and the catalogue ({held}) knows no "
            f"election of it but {lacking}: run `auditkit catalogue update`, or name the proposal that "
            "elected it (election_source: proposal:NUMBER)."
        )
    return check.failed(
        f"{now}; none in the catalogue ({held})",
        "None of these proposals elected this version: nobody who votes has seen what the proposal blesses.",
    )


def _is_older(catalogue: CatalogueWord, signed_ns: int) -> bool:
    """Whether a version could have come and gone between the catalogue and an answer: that takes two votes.

    Args:
        signed_ns: when the answer was signed, nanoseconds since 1970.
    """
    try:
        as_of = datetime.fromisoformat(catalogue.as_of)
    except ValueError:
        return True
    return as_of.tzinfo is None or int(as_of.timestamp()) * 10**9 + _DAY_NS < signed_ns


def _recorded(
    version: str,
    answer: RegistryAnswer,
    record: ReplicaVersionRecord,
    witnessed: ElectedRelease | None,
    refused: Decision | None,
) -> tuple[Decision, ElectedRelease | None]:
    check = checks.ELECTION_ELECTED
    where = f"the registry (version {answer.version:,})"
    proposed_ns = witnessed.known_ns if witnessed is not None else None
    known = (time for time in (answer.timestamp_ns, proposed_ns) if time is not None)
    known_ns = min(known, default=None)
    release = ElectedRelease(
        version,
        record.sha256_hex,
        record.urls,
        record.measurements or None,
        where,
        known_ns,
        by_proposal=known_ns is not None and known_ns == proposed_ns,
    )
    if witnessed is not None and witnessed.sha256.lower() != release.sha256.lower():
        return (
            check.failed(
                f"{witnessed.said_by}: {witnessed.sha256}",
                "The registry and the proposal that is said to have elected the version name different images.",
                expected=release.sha256,
            ),
            None,
        )
    unknown = f"; fields that are not known: {', '.join(record.unknown[:20])}" if record.unknown else ""
    if refused is not None:
        return (
            check.warned(
                f"a record in {where}{unknown}; {refused.observed}",
                f"The NNS elected it, but not by the proposal that was named. {refused.reason}",
            ),
            release,
        )
    if answer.asked_version is not None:
        return (
            check.passed(
                f"a record in {where}{unknown}",
                f"It was elected at version {answer.asked_version:,} of the registry, which is what was asked; it may "
                "have been un-elected since.",
            ),
            release,
        )
    return check.passed(f"a record in {where}{unknown}", "The NNS elected it, and nodes may run it."), release


def _first(decisions: Iterable[Decision], outcome: Outcome, among: Iterable[str]) -> Decision | None:
    wanted = frozenset(among)
    return next((one for one in decisions if one.outcome is outcome and one.id in wanted), None)
