"""What now: the answer to the reader's own question, "should I vote yes?" or "may this be started?".

It follows from the verdict, the stage and the check that decides; what to do about a check stands beside the check
(`auditkit.checks`). All of it are our own words: of what others wrote only hex digits and numbers get in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.audit.verdict import FOREIGN_WORLDS, Verdict
from auditkit.decision import Outcome, Qualification
from auditkit.report.document import AuditDocument
from auditkit.report.rendering.explanations import advice_on_unexplained
from auditkit.report.rendering.machines import are_known
from auditkit.report.rendering.summary import (
    NOT_THE_ANSWER,
    OF_THE_NODE,
    certificates_alone,
    deciding_id,
    foreign_root_key,
    is_voting,
    voting_end,
)

_BY_ID: Final = {check.id: check for check in checks.ALL_CHECKS}
_UNEXPLAINED: Final = frozenset(
    check.id for check in (checks.OVERLAP_ANY, checks.OVERLAP_EXPLAINED, checks.ELECTION_EXPLAINED)
)
_UNKNOWN: Final = "Nothing is known yet, neither for the proposal nor against it."
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
    Qualification.REGISTRY_NOT_READ: "Repeat it with the synced registry itself.",
    Qualification.ANSWERS_NOT_KEPT: "Audit it yourself: what was answered is not among the evidence.",
}
"""What takes a qualification away. The others are what the audit was asked for."""
_LEFT_TO_ASK: Final = (
    checks.CHIPS_KNOWN,
    checks.CHIPS_SUBNET,
    checks.CHIPS_ATTESTED,
    checks.ROOT_CHANGES,
)
"""Checks whose warnings leave a question to people, which a PASS does not answer."""


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
    if worlds and lead != _UNKNOWN:
        practising = Qualification.PRACTICE_NETWORK in worlds
        where = (
            "If this were mainnet" if practising else "Not about mainnet. For the network of the trusted key"
        )
        lead = f"{where}: {lead[0].lower()}{lead[1:]}"
    return WhatNow(lead, tuple(dict.fromkeys(steps)))


def _after_pass(document: AuditDocument) -> Iterator[str]:
    subject, given = document.subject, document.parameters
    if document.verdicts.strict is not Verdict.PASS:
        yield "Do not decide by this alone: one equal measurement was asked for, and the checks of strict do not pass."
        yield _AGAIN[Qualification.POLICY_OVERLAP]
        return
    open_ones = [check for check in _LEFT_TO_ASK if document.outcomes.get(check.id) is Outcome.WARN]
    nothing = (
        "Nothing failed, and something is left to ask before" if open_ones else "Nothing here speaks against"
    )
    if subject.stage == "vote" and is_voting(document):
        yield f"{nothing} a yes."
        yield _before_a_vote(document)
    elif subject.stage == "vote":
        yield (
            "Nothing failed, something is left to ask, and voting is over."
            if open_ones
            else "Nothing here speaks against the proposal, and voting is over."
        )
        yield "Before anything is built on it, audit again with `-p stage=recover`: that asks whether it was executed."
    elif subject.kind == "election":
        yield "The NNS elected this release, and the image is what was voted on."
    elif given.get("attestation_report") is not None:
        yield "A chip that the proposal names ran a guest that it blesses; its report does not tell when."
    elif given.get("recovery_image") is not None:
        yield f"The recovery image is what the NNS blessed. {nothing} starting it."
        yield "Once a node runs it, have the node prove it: `-p attestation_report=FILE -p attestation_chain=FILE`."
    else:
        yield f"What the NNS blessed is what was released. {nothing} the recovery."
        yield "Before a node is started with the recovery image, audit the image too: `-p recovery_image=FILE`."
    yield from (check.advice for check in open_ones)
    yield from _deadline(document)
    for qualification in document.claim.qualifications:
        # Where strict passes too, nothing is gained by asking it again.
        if qualification in _AGAIN and qualification is not Qualification.POLICY_OVERLAP:
            yield _AGAIN[qualification]


def _before_a_vote(document: AuditDocument) -> str:
    if document.subject.kind == "election":
        return (
            "Before you vote: has somebody built the commit again and got this digest? That the image comes from its "
            "source code is not shown here."
        )
    if are_known(document):
        return (
            "Before you vote: is the reason for the recovery plausible, and are the machines below the ones that it is "
            "about?"
        )
    chips = len(document.subject.chip_ids or ())
    which = "is this chip that of the node" if chips == 1 else f"are these {chips} chips those of the nodes"
    tells = (
        ""
        if document.chips
        else " Audit again with `-p chips_source=FOLDER`: the registry tells whose they are."
    )
    return f"Before you vote: is the reason for the recovery plausible, and {which} that it is about?{tells}"


def _after_fail(document: AuditDocument) -> Iterator[str]:
    deciding = deciding_id(document)
    yield _refusal(document, deciding)
    yield from _advice(document, deciding)
    if _is_about_a_vote(document, deciding):
        yield "Post `report.md` where the proposal is discussed."
    yield from _deadline(document)


def _refusal(document: AuditDocument, deciding: str) -> str:
    if deciding in _STAGE and _is_of_another_kind(document):
        return "This is another kind of proposal than was asked about: nothing is said for it or against it."
    if deciding.startswith(NOT_THE_ANSWER):
        return "Decide nothing by this: what was fetched is not the NNS's answer about the proposal."
    if deciding == checks.PROPOSAL_REPLY.id:
        return "There is nothing to decide about, because the network that was asked has no such proposal."
    if deciding.startswith("recovery."):
        return "Do not start this recovery image."
    if deciding.startswith(OF_THE_NODE):
        return "Do not trust this node with anything secret."
    if _is_about_a_vote(document, deciding):
        return "Do not vote yes on this evidence."
    if document.subject.kind == "election":
        return "Do not run this release on this evidence."
    return "Do not build or start anything from this proposal on this evidence."


def _is_about_a_vote(document: AuditDocument, deciding: str) -> bool:
    """Whether it is the proposal that failed, and people can still vote on it."""
    if deciding.startswith((*NOT_THE_ANSWER, "recovery.", *OF_THE_NODE)):
        return False
    if deciding == checks.PROPOSAL_REPLY.id or (deciding in _STAGE and _is_of_another_kind(document)):
        return False
    return document.subject.stage == "vote" and is_voting(document)


def _advice(document: AuditDocument, deciding: str) -> Iterator[str]:
    check = _BY_ID.get(deciding)
    outcomes = document.outcomes
    if deciding in _UNEXPLAINED and outcomes.get(checks.SETTINGS_MATRIX.id) is Outcome.WARN:
        yield checks.SETTINGS_MATRIX.advice
    elif deciding in _UNEXPLAINED:
        yield from advice_on_unexplained(document)
    elif check is not None:
        special = _on_another_stage(document) if deciding in _STAGE else ""
        of_election = check.election_advice if document.subject.kind == "election" else ""
        yield special or of_election or check.advice


def _on_another_stage(document: AuditDocument) -> str:
    """What to do about a proposal of another kind, or one that is not where it was expected; nothing if neither."""
    subject = document.subject
    number, other = subject.proposal_id, _is_of_another_kind(document)
    if other and subject.kind == "election":
        return f"It elects no release: check the number. If it blesses a recovery: {_asked_anew(document, f'{number}')}"
    if other:
        return (
            "It blesses no recovery: check the number. If it is an election: "
            f"{_asked_anew(document, f'election:{number}')}"
        )
    if subject.stage == "recover" and subject.status == "open":
        return "Voting has not ended. If you are voting, audit again with `-p stage=vote`; if not, wait for its end."
    if subject.status in ("rejected", "failed"):
        return "The NNS did not carry it out: look for the proposal that took its place."
    return ""


def _asked_anew(document: AuditDocument, what: str) -> str:
    """How to ask the same network about a proposal of the other kind."""
    if foreign_root_key(document) is None:
        return f"`auditkit audit {what}`."
    return (
        f"`auditkit audit {what}`, with the same `-p root_key` and `-p proposal_source`, or mainnet is asked."
    )


def _is_of_another_kind(document: AuditDocument) -> bool:
    """Whether the proposal, which was read, does nothing of what the audit is about."""
    subject = document.subject
    if subject.kind == "election":
        return not subject.image_urls and not subject.image_sha256
    return subject.chip_ids is None


def _after_trouble(document: AuditDocument) -> Iterator[str]:
    outcomes = document.outcomes
    unelected = outcomes.get(checks.ELECTION_ELECTED.id) is Outcome.SKIP
    shallow = outcomes.get(checks.SETTINGS_DEPTH.id) is Outcome.WARN
    lacking = _BY_ID.get(deciding_id(document))
    if document.verdicts.strict is Verdict.FAIL:
        yield "Do not take this for a yes: under the policy strict it has failed already."
        yield _AGAIN[Qualification.POLICY_OVERLAP]
    elif certificates_alone(document) and not document.trouble and not unelected:
        yield "Do not decide by this alone: all that is signed fits together, and nobody looked at the image."
    else:
        yield _UNKNOWN
    if document.trouble:
        yield "Run it again. What could not be had is told below, and what to do about it."
    if shallow and unelected:
        yield checks.ELECTION_ELECTED.unanswered
    if shallow:
        yield checks.SETTINGS_DEPTH.unanswered
    elif (
        lacking is not None and lacking.unanswered and outcomes.get(lacking.id, Outcome.SKIP) is Outcome.SKIP
    ):
        yield lacking.unanswered
    yield from _deadline(document)


def _deadline(document: AuditDocument) -> Iterator[str]:
    end = voting_end(document)
    if end is not None and document.subject.stage == "vote" and document.subject.status == "open":
        yield f"{end[0]} {end[1]}."
