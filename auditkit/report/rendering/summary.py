"""What every rendering says first, in the same words: the headline, the reason, what qualifies the verdict."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from auditkit import checks
from auditkit.audit import Relation
from auditkit.audit.verdict import FOREIGN_WORLDS, Verdict
from auditkit.decision import Outcome, Qualification
from auditkit.report.document import AuditDocument

SYMBOLS: Final = {verdict: verdict.symbol for verdict in Verdict}
OUTCOME_SYMBOLS: Final = {outcome: outcome.symbol for outcome in Outcome}
RELATIONS: Final = {relation: relation.in_words for relation in Relation}


NOT_THE_ANSWER: Final = ("certificate.", "delegation.", "reply.")
"""How the ids of the checks begin that are about the signed answer, and not about what it says."""


OF_THE_NODE: Final = ("attestation.", checks.CHIPS_ATTESTED.id)
"""How the ids of the checks begin that are about a recovered node, and not about the proposal."""


def headline(document: AuditDocument) -> str:
    """One sentence for a voter: what the verdict means."""
    if document.subject.kind == "election":
        return _headline_of_election(document)
    version = document.subject.base_version
    base = f"base release {version[:12]}" if version else "the base release"
    if document.verdict is Verdict.TROUBLE:
        return certificates_alone(document) or _UNFINISHED
    if document.verdict is Verdict.FAIL:
        deciding = deciding_id(document)
        if deciding.startswith("recovery."):
            return (
                "The recovery image is not what the NNS blessed; the proposal itself stands up to its checks."
            )
        if deciding == checks.CHIPS_KNOWN.id:
            return "The proposal names a machine that no registry of the NNS ever knew."
        if deciding.startswith(OF_THE_NODE):
            return "The node does not prove what the NNS asks of it; the proposal itself stands up to its checks."
        if deciding.startswith("provenance."):
            return _NOT_BUILT.format(f"{base[0].upper()}{base[1:]}")
        return _not_the_answer(deciding) or f"The proposal does not stand up to the checks against {base}."
    if document.subject.policy == "strict":
        who = _nns(document)
        return (
            f"What the {who} certified matches what was released: every blessed measurement is one of {base}."
        )
    return f"At least one blessed measurement is one of {base}. The overlap policy asks for no more."


_NOT_BUILT: Final = "{} was not built as releases are; the proposal itself stands up to its checks."
_UNFINISHED: Final = (
    "The audit could not be finished. It says nothing for the proposal and nothing against it."
)


def certificates_alone(document: AuditDocument) -> str:
    """The headline of an audit that stopped at the certificates and found nothing wrong with them."""
    outcomes = document.outcomes
    if outcomes.get(checks.SETTINGS_DEPTH.id) is not Outcome.WARN:
        return ""
    if Outcome.FAIL in outcomes.values():
        return ""
    version = (document.subject.base_version or "")[:12]
    if document.subject.kind == "election":
        read = outcomes.get(checks.ELECTION_VERSION.id) is Outcome.PASS
        return (
            f"The proposal to elect {version} is well formed. Nobody measured its image yet." if read else ""
        )
    if outcomes.get(checks.ELECTION_ELECTED.id) is Outcome.SKIP:
        return f"Whether the NNS elected release {version} has no answer yet. Nobody measured an image."
    if outcomes.get(checks.ELECTION_BLESSED.id) is not Outcome.PASS:
        return ""
    return (
        f"Every blessed measurement is certified as one of release {version}. Nobody measured the image here."
    )


def _headline_of_election(document: AuditDocument) -> str:
    version = document.subject.base_version
    release = f"release {version[:12]}" if version else "the release"
    if document.verdict is Verdict.TROUBLE:
        return certificates_alone(document) or _UNFINISHED
    if document.verdict is Verdict.FAIL:
        deciding = deciding_id(document)
        if deciding.startswith("provenance."):
            return _NOT_BUILT.format(f"{release[0].upper()}{release[1:]}")
        told = _not_the_answer(deciding)
        return told or f"The proposal to elect {release} does not stand up to the checks."
    return (
        f"The proposal describes {release} rightly: its digest and its measurements are those of the image."
    )


def _not_the_answer(deciding: str) -> str:
    """The headline where the check that failed is not about the proposal, but about the answer that was fetched."""
    if deciding.startswith(NOT_THE_ANSWER):
        return (
            "What was fetched is not the NNS's answer about this proposal: it was changed, or it answers another "
            "question."
        )
    if deciding == checks.PROPOSAL_REPLY.id:
        return "The network that was asked answered, and it does not know this proposal."
    return ""


def qualifications(document: AuditDocument) -> tuple[tuple[str, str], ...]:
    """What keeps the verdict from meaning all that the word alone means: names, each with a sentence."""
    return tuple((item.value, sentence) for item, sentence in document.claim.sentences)


def why(document: AuditDocument) -> str:
    """The reason of the verdict: that of the deciding decision, or else the promise of the policy."""
    if document.deciding is not None:
        return document.deciding.reason
    if document.verdict is Verdict.PASS:
        return document.policy.promise
    return document.trouble[0].what if document.trouble else "No reason was recorded."


def deciding_id(document: AuditDocument) -> str:
    """The id of the check that decides, or nothing."""
    return (document.deciding.decision or "") if document.deciding is not None else ""


def check_and_reason(deciding: str | None, reason: str) -> str:
    """``reason``, after the id of the check that decides where there is one."""
    return f"{deciding}: {reason}" if deciding else reason


def deciding_check(document: AuditDocument) -> str:
    """Number and id of the check that decides, such as ``check 26, overlap.explained``, or nothing."""
    wanted = deciding_id(document)
    if not wanted:
        return ""
    numbers = {check.id: check.number for check in checks.ALL_CHECKS}
    numbers.update((decision.id, decision.number) for decision in document.decisions)
    return f"check {numbers[wanted]}, {wanted}" if wanted in numbers else wanted


def policies(document: AuditDocument) -> tuple[tuple[str, Verdict], ...]:
    """The verdict under each policy that the subject knows: an election has to be right as a whole."""
    verdicts = (("strict", document.verdicts.strict), ("overlap", document.verdicts.overlap))
    return tuple((name, verdict) for name, verdict in verdicts if verdict is not None)


def policy_difference(document: AuditDocument) -> str:
    """Why the two policies differ, in one sentence, or nothing where they agree."""
    if document.verdicts.strict is document.verdicts.overlap or document.verdicts.overlap is None:
        return ""
    if document.verdicts.overlap is Verdict.PASS:
        failed = sum(one.outcome is Outcome.FAIL for one in document.decisions)
        lacking = f"{failed} failed" if failed else "an answer is missing"
        return (
            "The overlap policy is dfinity's own gate and is content with one equal measurement; strict wants every "
            f"check to hold: {lacking}."
        )
    return "The overlap policy asks for a right answer of the NNS and one equal measurement; not even that is there."


def votes(document: AuditDocument) -> str:
    """How the voting power was cast, as shares of all of it, or nothing."""
    tally = document.subject.tally
    if tally is None:
        return ""
    if not tally.total:
        return "no voting power"
    left = max(tally.total - tally.yes - tally.no, 0)
    yes, no, open_ = (f"{100 * part / tally.total:.1f} %" for part in (tally.yes, tally.no, left))
    return f"{yes} yes, {no} no, {open_} not cast (of the voting power)"


def subject_name(document: AuditDocument) -> str:
    """What kind of proposal it is, in a heading."""
    return "election" if document.subject.kind == "election" else "recovery GuestOS"


def facts(document: AuditDocument) -> tuple[tuple[str, str], ...]:
    """What an election proposal says about the image, and which elections it ends, at most eight of each."""
    subject = document.subject
    told = [("digest", subject.image_sha256)] if subject.image_sha256 is not None else []
    told += [("address", url) for url in (subject.image_urls or ())[:8]]
    told += [("un-elects", version) for version in (subject.unelects or ())[:8]]
    return tuple((name, value) for name, value in told if value is not None)


def foreign_root_key(document: AuditDocument) -> str | None:
    """What the parameter ``root_key`` says when it is not the built-in key of mainnet."""
    key = document.parameters.get("root_key", "mainnet")
    return None if key == "mainnet" else str(key)


def _nns(document: AuditDocument) -> str:
    """Whose NNS it is, in the words of the headline."""
    worlds = FOREIGN_WORLDS.intersection(document.claim.qualifications)
    if Qualification.PRACTICE_NETWORK in worlds:
        return "practice NNS"
    return "holder of another root key" if worlds else "NNS"


def is_voting(document: AuditDocument) -> bool:
    """Whether the proposal can still be voted on, as far as the report knows, when the audit judged."""
    subject = document.subject
    over = subject.deadline is not None and datetime.fromisoformat(subject.deadline) <= document.run.judged
    return subject.status in (None, "open") and not over


def voting_end(document: AuditDocument) -> tuple[str, str] | None:
    """When voting ends or ended, for reading: what to call it, and the time."""
    ends = readable_time(document.subject.deadline)
    return None if ends is None else ("Voting ends" if is_voting(document) else "Voting ended", ends)


def readable_time(time: str | None) -> str | None:
    """An RFC 3339 time in UTC, to the second, for reading."""
    return None if time is None else f"{time[:10]} {time[11:19]} UTC"
