"""What now: the answer to the reader's own question, "should I vote yes?" or "may this be started?".

It follows from the verdict, the stage and the check that decides; what to do about a check stands beside the check
(`auditkit.checks`). All of it are our own words: of what others wrote only hex digits and numbers get in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.audit.verdict import FOREIGN_WORLDS, Verdict
from auditkit.decision import Outcome, Qualification
from auditkit.report.document import AuditDocument
from auditkit.report.rendering.explanations import advice_on_unexplained
from auditkit.report.rendering.summary import NOT_THE_ANSWER, deciding_id, readable_time

_BY_ID: Final = {check.id: check for check in checks.ALL_CHECKS}
_UNEXPLAINED: Final = frozenset(
    check.id for check in (checks.OVERLAP_ANY, checks.OVERLAP_EXPLAINED, checks.ELECTION_EXPLAINED)
)
_STAGE: Final = frozenset((checks.PROPOSAL_STAGE.id, checks.ELECTION_STAGE.id))
_AGAIN: Final = {
    Qualification.POLICY_OVERLAP: "Audit again with `-p policy=strict`: that demands an answer to every check.",
    Qualification.MATRIX_CHANGED: "The settings that were measured are not those of releases: ask which machines are "
    "started so.",
    Qualification.NO_ROOT_IMAGE: "Audit again with the whole update image: `-p base_image=FILE`.",
    Qualification.NO_REQUEST: "Audit again with the request beside the certificate: `-p request_source=FILE`.",
    Qualification.SERVER_DIGEST: "Have the digest certified: audit again with `election_source` at its default.",
    Qualification.PINNED_DIGEST: "Have the digest certified: audit again with `election_source` at its default.",
    Qualification.NO_CERTIFIED_MEASUREMENTS: "The NNS certified no measurements of this release: compare those below "
    "with another auditor's.",
    Qualification.PLAIN_HTTP: "Audit again with an https address of the image.",
    Qualification.OLDER_POLICY: "Audit again with today's auditkit: it demands more.",
    Qualification.ONE_OPINION: "Audit again where both programs are installed.",
    Qualification.IMAGE_NOT_READ: "Repeat it with the image itself.",
}
"""What takes a qualification away. The others are what the audit was asked for."""


@dataclass(frozen=True, slots=True)
class WhatNow:
    """What a reader does with a verdict.

    Attributes:
        lead: the answer, in one sentence.
        steps: what to do, in order, one or two sentences each; commands and parameters stand between backticks.
    """

    lead: str
    steps: tuple[str, ...]


def what_now(document: AuditDocument) -> WhatNow:
    """The answer to "should I vote yes?", or after the vote to "may this be used?", and what to do next."""
    tell = {Verdict.PASS: _after_pass, Verdict.FAIL: _after_fail, Verdict.TROUBLE: _after_trouble}
    lead, *steps = tell[document.verdict](document)
    worlds = FOREIGN_WORLDS.intersection(document.claim.qualifications)
    if worlds and document.verdict is not Verdict.TROUBLE:
        where = (
            "If this were mainnet"
            if Qualification.PRACTICE_NETWORK in worlds
            else "Not about mainnet. For the network of the trusted key"
        )
        lead = f"{where}: {lead[0].lower()}{lead[1:]}"
    return WhatNow(lead, tuple(dict.fromkeys(steps)))


def _after_pass(document: AuditDocument) -> Iterator[str]:
    subject = document.subject
    if document.verdicts.strict is not Verdict.PASS:
        yield "Do not decide by this alone: one equal measurement was asked for, and the checks of strict do not pass."
        yield _AGAIN[Qualification.POLICY_OVERLAP]
        return
    if subject.stage == "vote":
        yield "Nothing here speaks against a yes."
        if subject.kind == "election":
            yield (
                "Before you vote: has somebody built the commit again and got this digest? That the image comes from "
                "its source code is not shown here."
            )
        else:
            chips = len(subject.chip_ids or ())
            which = (
                "is this chip that of the node"
                if chips == 1
                else f"are these {chips} chips those of the nodes"
            )
            yield f"Before you vote: is the reason for the recovery plausible, and {which} that it is about?"
        yield from _deadline(document)
    elif subject.kind == "election":
        yield "The NNS elected this release, and the image is what was voted on."
    elif document.parameters.get("attestation_report") is not None:
        yield "The node runs what the NNS blessed."
    elif document.parameters.get("recovery_image") is not None:
        yield "The recovery image is what the NNS blessed: nothing here speaks against starting it."
        yield "Once a node runs it, have the node prove it: `-p attestation_report=FILE -p attestation_chain=FILE`."
    else:
        yield "The NNS blessed this, and it is what was released: nothing here speaks against the recovery."
        yield "Before a node is started with the recovery image, audit the image too: `-p recovery_image=FILE`."
    for qualification in document.claim.qualifications:
        if qualification in _AGAIN:
            yield _AGAIN[qualification]


def _after_fail(document: AuditDocument) -> Iterator[str]:
    deciding = deciding_id(document)
    check = _BY_ID.get(deciding)
    yield _refusal(document, deciding)
    if deciding in _UNEXPLAINED:
        yield from advice_on_unexplained(document)
    elif deciding in _STAGE:
        yield _on_another_stage(document) or _BY_ID[deciding].advice
    elif check is not None:
        yield (check.election_advice if document.subject.kind == "election" else "") or check.advice
    if document.subject.stage == "vote":
        if not deciding.startswith(NOT_THE_ANSWER):
            yield "Post `report.md` where the proposal is discussed."
        yield from _deadline(document)


def _on_another_stage(document: AuditDocument) -> str:
    """What to do about a proposal of another kind, or one that is not where it was expected; nothing if neither."""
    subject = document.subject
    number, election = subject.proposal_id, subject.kind == "election"
    fitting = subject.image_urls or subject.image_sha256 if election else subject.chip_ids is not None
    if not fitting and election:
        return f"It elects no release: check the number. If it blesses a recovery: `auditkit audit {number}`."
    if not fitting:
        return f"It blesses no recovery: check the number. If it is an election: `auditkit audit election:{number}`."
    if subject.stage == "recover" and subject.status == "open":
        return "Voting has not ended. If you are voting, audit again with `-p stage=vote`; if not, wait for its end."
    if subject.status in ("rejected", "failed"):
        return "The NNS did not carry it out: look for the proposal that took its place."
    return ""


def _refusal(document: AuditDocument, deciding: str) -> str:
    subject = document.subject
    if deciding.startswith(NOT_THE_ANSWER):
        return "Decide nothing by this: what was fetched is not the NNS's answer about the proposal."
    if deciding == checks.PROPOSAL_REPLY.id:
        return "There is nothing to decide about, because the network that was asked has no such proposal."
    if subject.stage == "vote":
        return "Do not vote yes on this evidence."
    if deciding.startswith("recovery."):
        return "Do not start this recovery image."
    if deciding.startswith("attestation."):
        return "Do not trust this node with anything secret."
    if subject.kind == "election":
        return "Do not run this release on this evidence."
    return "Do not build or start anything from this proposal on this evidence."


def _after_trouble(document: AuditDocument) -> Iterator[str]:
    outcomes = {decision.id: decision.outcome for decision in document.decisions}
    lacking = _BY_ID.get(deciding_id(document))
    shallow = outcomes.get(checks.SETTINGS_DEPTH.id) is Outcome.WARN
    if shallow and not document.trouble and not _lacks_a_signature(outcomes):
        yield "Do not decide by this alone: all that is signed fits together, and nobody looked at the image."
        yield checks.SETTINGS_DEPTH.unanswered
    else:
        yield "Nothing is known yet, neither for the proposal nor against it."
        if document.trouble:
            yield "Run it again. What could not be had is told below, and what to do about it."
        if (
            lacking is not None
            and lacking.unanswered
            and outcomes.get(lacking.id, Outcome.SKIP) is Outcome.SKIP
        ):
            yield lacking.unanswered
    if document.subject.stage == "vote":
        yield from _deadline(document)


def _lacks_a_signature(outcomes: Mapping[str, Outcome]) -> bool:
    """Whether the election of the base version, which the NNS would sign, has no answer."""
    return outcomes.get(checks.ELECTION_ELECTED.id) is Outcome.SKIP


def _deadline(document: AuditDocument) -> Iterator[str]:
    ends = readable_time(document.subject.deadline) if document.subject.status == "open" else None
    if ends is not None:
        yield f"Voting ends {ends}."
