"""Step 2: did the NNS elect the release (checks 49 and 50), and of an election, what came of it (check 63)?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, TypeAlias

from auditkit import checks
from auditkit.audit import ElectedRelease, Trouble, decide_elected, decide_record
from auditkit.decision import Check, Decision
from auditkit.evidence import Evidence, encode_chunks
from auditkit.ic import ElectionPayload, ElectionVerification, verify_election
from auditkit.ic.registry import RegistryVerification, replica_version_key, verify_registry_answer
from auditkit.pipeline.records import (
    STAND_IN,
    ElectionRecord,
    Unkept,
    form_refusal,
    is_certificate,
    is_request,
    reworded,
)
from auditkit.pipeline.sources.elections import ElectionAnswers
from auditkit.pipeline.sources.places import CertifiedAnswer
from auditkit.pipeline.steps.evidence_names import (
    ELECTION,
    ELECTION_CHUNKS,
    ELECTION_REQUEST,
    WITNESS,
    WITNESS_REQUEST,
)
from auditkit.pipeline.steps.step import Step


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ElectionStep(Step):
    """What the NNS itself says about the release.

    Attributes:
        version: the release that was asked about, 40 hex digits; None when it was not found out.
        release: what was elected; None when that has no answer, and in the audit of an election.
        record: what a replay has to know besides the evidence; None when the step was not reached.
    """

    title: ClassVar[str] = "The election"

    version: str | None = None
    release: ElectedRelease | None = None
    record: ElectionRecord | None = None


def unasked_election(version: str, members: Iterable[Check]) -> ElectionStep:
    """The step where the parameters have nobody asked."""
    why = "Nobody was asked whether the NNS elected the release (election_source is null)."
    return ElectionStep(
        decisions=tuple(check.skipped(why) for check in members),
        version=version,
        record=ElectionRecord(version=version),
    )


def troubled_election(trouble: tuple[Trouble, ...], version: str | None = None) -> ElectionStep:
    """The step when no answer could be had."""
    return ElectionStep(
        trouble=trouble, version=version, record=ElectionRecord(version=version, trouble=trouble)
    )


def older_record(members: Iterable[Check]) -> ElectionStep:
    """The step of a replay whose record is older than the question."""
    why = "The audit that is repeated did not ask whether the NNS elected the release: audit again."
    return ElectionStep(decisions=tuple(check.skipped(why) for check in members), obstacle=why)


def decide_election(
    version: str, answers: ElectionAnswers, *, root_key: bytes, now_ns: int, unkept: tuple[Unkept, ...] = ()
) -> ElectionStep:
    """Decides checks 49 and 50 about answers that are here.

    Args:
        version: 40 hex digits.
        root_key: whose signature they have to lead to, 133 bytes of DER.
        now_ns: as of when, nanoseconds since 1970.
        unkept: of a replay: files that were not kept. `STAND_IN` stands in their place.
    """

    def decide(
        record: RegistryVerification | None, witness: ElectionVerification | None, names: tuple[str, ...]
    ) -> tuple[tuple[Decision, ...], ElectedRelease | None]:
        found = decide_elected(version, record, witness, answers.catalogue, names, unheard=answers.unheard)
        return found.decisions, found.release

    form = checks.ELECTION_ANSWER
    return _decided(version, answers, decide, form, root_key=root_key, now_ns=now_ns, unkept=unkept)


def decide_execution(
    election: ElectionPayload,
    answers: ElectionAnswers,
    *,
    executed_ns: int,
    root_key: bytes,
    now_ns: int,
    unkept: tuple[Unkept, ...] = (),
) -> ElectionStep:
    """Decides check 63 about the registry's answer after an election was executed.

    Args:
        executed_ns: when it was, nanoseconds since 1970. The other arguments are those of `decide_election`.
    """

    def decide(
        record: RegistryVerification | None, witness: ElectionVerification | None, names: tuple[str, ...]
    ) -> tuple[tuple[Decision, ...], ElectedRelease | None]:
        made = decide_record(record, election, names, executed_ns=executed_ns, unheard=answers.unheard)
        return (made,), None

    version, form = election.version_to_elect or "", checks.ELECTION_RECORD
    return _decided(version, answers, decide, form, root_key=root_key, now_ns=now_ns, unkept=unkept)


def not_executed(version: str) -> ElectionStep:
    """The step of an election that is not executed yet, so that the registry cannot know of it."""
    why = "The election is not executed yet, so the registry cannot say anything about it."
    return ElectionStep(
        decisions=(checks.ELECTION_RECORD.skipped(why),),
        version=version,
        record=ElectionRecord(version=version),
    )


_FORMED: Final = (ELECTION, ELECTION_REQUEST, WITNESS, WITNESS_REQUEST)
_Decide: TypeAlias = Callable[
    [RegistryVerification | None, ElectionVerification | None, tuple[str, ...]],
    tuple[tuple[Decision, ...], ElectedRelease | None],
]


def _decided(
    version: str,
    answers: ElectionAnswers,
    decide: _Decide,
    form: Check,
    *,
    root_key: bytes,
    now_ns: int,
    unkept: tuple[Unkept, ...],
) -> ElectionStep:
    evidence = _evidence(answers) | {file.evidence.name: file.evidence for file in unkept}
    names = tuple(evidence)
    verified = _verify(version, answers, root_key, now_ns)
    decisions, release = decide(*verified, names)
    if lacking := _without_form(answers):
        refused = form_refusal(decisions, form)
        unkept = tuple(Unkept(replace(evidence[name], content=None), refused) for name in lacking)
        evidence |= {file.evidence.name: file.evidence for file in unkept}
        decisions, release = decide(*_verify(version, _stand_in(answers, lacking), root_key, now_ns), names)
    decisions = reworded(decisions, dict.fromkeys(_FORMED, form), unkept)
    return ElectionStep(
        decisions=decisions,
        evidence=tuple(evidence.values()),
        unkept=unkept,
        version=version,
        release=release,
        record=ElectionRecord(version=version, catalogue=answers.catalogue, unheard=answers.unheard),
    )


def _verify(
    version: str, answers: ElectionAnswers, root_key: bytes, now_ns: int
) -> tuple[RegistryVerification | None, ElectionVerification | None]:
    record, witness = answers.record, answers.witness
    return (
        verify_registry_answer(
            record.certificate,
            root_key=root_key,
            key=replica_version_key(version),
            request=record.request,
            chunks=record.chunks,
            now_ns=now_ns,
        )
        if record is not None
        else None,
        verify_election(
            witness.certificate,
            root_key=root_key,
            proposal_id=None,
            stage="recover",
            request=witness.request,
            now_ns=now_ns,
        )
        if witness is not None
        else None,
    )


def _evidence(answers: ElectionAnswers) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for answer, name, request in (
        (answers.record, ELECTION, ELECTION_REQUEST),
        (answers.witness, WITNESS, WITNESS_REQUEST),
    ):
        if answer is None:
            continue
        found[name] = Evidence.of_bytes(name, answer.certificate, answer.origin)
        if answer.request is not None:
            found[request] = Evidence.of_bytes(request, answer.request, answer.origin)
        if answer.chunks and name == ELECTION:
            found[ELECTION_CHUNKS] = Evidence.of_bytes(
                ELECTION_CHUNKS, encode_chunks(answer.chunks), answer.origin
            )
    return found


def _without_form(answers: ElectionAnswers) -> tuple[str, ...]:
    """The files that do not have their form."""
    found: list[str] = []
    for answer, name, request in (
        (answers.record, ELECTION, ELECTION_REQUEST),
        (answers.witness, WITNESS, WITNESS_REQUEST),
    ):
        if answer is None or answer.answered:
            continue
        if not is_certificate(answer.certificate):
            found.append(name)
        if answer.request is not None and not is_request(answer.request):
            found.append(request)
    return tuple(found)


def _stand_in(answers: ElectionAnswers, lacking: tuple[str, ...]) -> ElectionAnswers:
    def standing(answer: CertifiedAnswer | None, name: str, request: str) -> CertifiedAnswer | None:
        if answer is None:
            return None
        return replace(
            answer,
            certificate=STAND_IN if name in lacking else answer.certificate,
            request=STAND_IN if request in lacking else answer.request,
        )

    return replace(
        answers,
        record=standing(answers.record, ELECTION, ELECTION_REQUEST),
        witness=standing(answers.witness, WITNESS, WITNESS_REQUEST),
    )
