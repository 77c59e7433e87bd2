"""Step 7: whose machines does the proposal name (checks 64 to 66)?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from auditkit import checks
from auditkit.audit import Trouble, decide_chips
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence
from auditkit.ic import Principal
from auditkit.ic.registry import (
    ChipsInRegistry,
    chips_of_nodes,
    require_expected_answers,
    require_few_answers,
    require_possible,
)
from auditkit.pipeline.parameters import Parameters, hinted_nodes
from auditkit.pipeline.records import ChipsRecord
from auditkit.pipeline.sources.chips import ChipAnswers, claimed_node, verified_answer
from auditkit.pipeline.sources.places import CertifiedAnswer
from auditkit.pipeline.steps.evidence_names import chip_answer, chip_request
from auditkit.pipeline.steps.node import NodeStep
from auditkit.pipeline.steps.proposal import ProposalStep
from auditkit.pipeline.steps.step import Step
from auditkit.times import rfc3339_of_ns


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChipsStep(Step):
    """Whose machines the proposal names.

    Attributes:
        registry: what the registry says about the chips; None when nobody was asked or it could not be had.
        record: what a replay has to know besides the evidence; None when nobody was asked or the step was not reached.
    """

    title: ClassVar[str] = "The chips"

    registry: ChipsInRegistry | None = None
    record: ChipsRecord | None = None


def unasked_chips() -> ChipsStep:
    """The step where the parameters have nobody asked."""
    why = "Nobody was asked whose the chips are (chips_source is null)."
    return ChipsStep(decisions=tuple(check.skipped(why) for check in checks.CHIP_CHECKS))


def troubled_chips(trouble: tuple[Trouble, ...]) -> ChipsStep:
    """The step when it could not be had whose the chips are."""
    return ChipsStep(trouble=trouble, record=ChipsRecord(trouble=trouble))


@dataclass(frozen=True, slots=True)
class ChipQuestion:
    """What is asked about.

    Attributes:
        blessed: the chips that the proposal names, 64 bytes each where they are sound.
        attested: the chip of the attestation report; None without one.
        unattested: why there is none.
        claimed: the node that the report is said to come from.
        hinted: the nodes that ``chips_source`` names itself; None where it is something else.
        since_ns: what the registry has to have seen, nanoseconds since 1970: the decision on the proposal, or that an
            open one was made.
    """

    blessed: tuple[bytes, ...]
    attested: bytes | None
    unattested: str
    claimed: Principal | None
    since_ns: int
    hinted: tuple[Principal, ...] | None = None

    @property
    def chips(self) -> tuple[bytes, ...]:
        """All chips, each once."""
        asked = (*self.blessed, *((self.attested,) if self.attested is not None else ()))
        return tuple(dict.fromkeys(asked))


def chip_question(parameters: Parameters, proposal: ProposalStep, node: NodeStep) -> ChipQuestion:
    """What is asked about the chips of an authentic proposal, and of the attestation report beside it."""
    bless = proposal.bless
    info = proposal.verification.proposal if proposal.verification else None
    given = parameters.attestation_report is not None
    since = (info.decided_timestamp_seconds or info.proposal_timestamp_seconds) if info else 0
    return ChipQuestion(
        blessed=bless.chip_ids if bless else (),
        attested=node.report.chip_id if node.report else None,
        unattested="The file is not an attestation report." if given else "No attestation report was given.",
        claimed=claimed_node(parameters),
        since_ns=since * 10**9,
        hinted=hinted_nodes(parameters.chips_source),
    )


def decide_chip_answers(
    question: ChipQuestion, answers: ChipAnswers, *, root_key: bytes, now_ns: int
) -> ChipsStep:
    """Decides checks 64 to 66 about answers that are here.

    Args:
        root_key: whose signature they have to lead to, 133 bytes of DER.
        now_ns: as of when, nanoseconds since 1970.

    Raises:
        EvidenceError: an answer does not verify, or cannot be understood; one is missing, or nobody asked for it;
            what a registry is said to tell cannot be.
        SourceError: what is here is older than the proposal.
    """
    registry = answers.registry or _of_nodes(question, answers.answers, root_key, now_ns)
    if answers.registry is not None:
        require_possible(answers.registry, now_ns=now_ns)
    _require_answer_of(question, registry)
    _require_recent(registry, question.since_ns)
    evidence = tuple(chain.from_iterable(_files(at, answer) for at, answer in enumerate(answers.answers, 1)))
    return ChipsStep(
        decisions=decide_chips(
            question.blessed,
            registry,
            tuple(item.name for item in evidence),
            attested=question.attested,
            unattested=question.unattested,
        ),
        evidence=evidence,
        registry=registry,
        record=ChipsRecord(registry=answers.registry),
    )


def _of_nodes(
    question: ChipQuestion, answers: Sequence[CertifiedAnswer], root_key: bytes, now_ns: int
) -> ChipsInRegistry:
    require_few_answers(len(answers), question.hinted)
    verified = [verified_answer(answer, root_key=root_key, now_ns=now_ns) for answer in answers]
    told = [answer for answer, _ in verified]
    found = chips_of_nodes(
        told,
        question.chips,
        as_of_ns=min((time_ns for _, time_ns in verified), default=None),
        claimed=question.claimed,
    )
    require_expected_answers(told, question.chips, hinted=question.hinted, claimed=question.claimed)
    return found


def _require_answer_of(question: ChipQuestion, registry: ChipsInRegistry) -> None:
    """A record of what a synced registry said could leave out a chip, or the node that was claimed."""
    claimed = None if registry.claimed is None else registry.claimed.node
    asked = tuple(chip.hex() for chip in question.chips)
    if tuple(one.chip for one in registry.chips) == asked and claimed == _text(question.claimed):
        return
    raise EvidenceError("what the registry is said to tell is about other chips, or about another node")


def _text(principal: Principal | None) -> str | None:
    return None if principal is None else str(principal)


def _require_recent(registry: ChipsInRegistry, since_ns: int) -> None:
    needed = rfc3339_of_ns(since_ns)
    if registry.as_of is None or needed is None or registry.as_of >= needed:
        return
    raise SourceError(
        "what the registry says about the chips is older than the proposal",
        where="chips_source",
        hint="run `auditkit registry sync` on the folder, and audit again",
        expected=f"as of {needed} or later",
        observed=f"as of {registry.as_of}",
    )


def _files(number: int, answer: CertifiedAnswer) -> tuple[Evidence, ...]:
    kept = Evidence.of_bytes(chip_answer(number), answer.certificate, answer.origin)
    if answer.request is None:
        return (kept,)
    return kept, Evidence.of_bytes(chip_request(number), answer.request, answer.origin)
