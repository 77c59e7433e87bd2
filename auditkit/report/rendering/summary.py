"""What every rendering says, in the same words: the headline, the groups, the limits, how to check again."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.audit import Relation
from auditkit.audit.verdict import FOREIGN_WORLDS, Verdict
from auditkit.decision import Check, Decision, Outcome, Qualification
from auditkit.digests import is_sha256
from auditkit.report.document import AuditDocument
from auditkit.report.records import RECORD_NAME

SYMBOLS: Final = {verdict: verdict.symbol for verdict in Verdict}
OUTCOME_SYMBOLS: Final = {outcome: outcome.symbol for outcome in Outcome}
RELATIONS: Final = {relation: relation.in_words for relation in Relation}
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
    ("attestation", "Chip", "Does a blessed chip run a blessed guest?", ("attestation.",)),
    ("settings", "Settings", "What did the parameters choose?", ("settings.",)),
)


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
class Step:
    """One thing that a reader can do to check the report, with the command for it."""

    caption: str
    command: str


def headline(document: AuditDocument) -> str:
    """One sentence for a voter: what the verdict means."""
    if document.subject.kind == "election":
        return _headline_of_election(document)
    version = document.subject.base_version
    base = f"base release {version[:12]}" if version else "the base release"
    if document.verdict is Verdict.TROUBLE:
        return _certificates_alone(document) or _UNFINISHED
    if document.verdict is Verdict.FAIL:
        deciding = (document.deciding.decision or "") if document.deciding else ""
        if deciding.startswith("recovery."):
            return (
                "The recovery image is not what the NNS blessed; the proposal itself stands up to its checks."
            )
        if deciding.startswith("attestation."):
            return "The node does not prove what the NNS asks of it; the proposal itself stands up to its checks."
        return f"The proposal does not stand up to the checks against {base}."
    if document.subject.policy == "strict":
        who = _nns(document)
        return (
            f"What the {who} certified matches what was released: every blessed measurement is one of {base}."
        )
    return f"At least one blessed measurement is one of {base}. The overlap policy asks for no more."


_UNFINISHED: Final = (
    "The audit could not be finished. It says nothing for the proposal and nothing against it."
)


def _certificates_alone(document: AuditDocument) -> str:
    """The headline of an audit that stopped at the certificates and found nothing wrong with them."""
    outcomes = {decision.id: decision.outcome for decision in document.decisions}
    if outcomes.get(checks.SETTINGS_DEPTH.id) is not Outcome.WARN:
        return ""
    version = (document.subject.base_version or "")[:12]
    if document.subject.kind == "election":
        held = not any(outcome is Outcome.FAIL for outcome in outcomes.values())
        return (
            f"The proposal to elect {version} is well formed. Nobody measured its image yet." if held else ""
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
        return _certificates_alone(document) or _UNFINISHED
    if document.verdict is Verdict.FAIL:
        return f"The proposal to elect {release} does not stand up to the checks."
    return (
        f"The proposal describes {release} rightly: its digest and its measurements are those of the image."
    )


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


def check_and_reason(deciding: str | None, reason: str) -> str:
    """``reason``, after the id of the check that decides where there is one."""
    return f"{deciding}: {reason}" if deciding else reason


def deciding_check(document: AuditDocument) -> str:
    """Number and id of the check that decides, such as ``check 26, overlap.explained``, or nothing."""
    wanted = document.deciding.decision if document.deciding is not None else None
    if wanted is None:
        return ""
    numbers = {check.id: check.number for check in checks.ALL_CHECKS}
    numbers.update((decision.id, decision.number) for decision in document.decisions)
    return f"check {numbers[wanted]}, {wanted}" if wanted in numbers else wanted


def groups(document: AuditDocument) -> tuple[Group, ...]:
    """The decisions in their order, one group for each part of the chain that has any."""
    told = []
    left = list(document.decisions)
    for anchor, title, question, prefixes in _GROUPS:
        members = tuple(decision for decision in left if decision.id.startswith(prefixes))
        left = [decision for decision in left if decision not in members]
        shown = release_name(document) if anchor == "base" else title
        told.append(Group(anchor, shown, question, members, tally(members)))
    told.append(Group("others", "Further checks", "What else was looked at?", tuple(left), tally(left)))
    return tuple(group for group in told if group.decisions)


def tally(decisions: Collection[Decision]) -> str:
    """How many decisions have which outcome, such as ``10 passed, 1 failed``."""
    words = {
        Outcome.PASS: "passed",
        Outcome.FAIL: "failed",
        Outcome.WARN: "with a warning",
        Outcome.SKIP: "skipped",
    }
    counts = {outcome: sum(d.outcome is outcome for d in decisions) for outcome in words}
    return ", ".join(f"{count} {words[outcome]}" for outcome, count in counts.items() if count) or "none made"


def unanswered(document: AuditDocument) -> tuple[Check, ...]:
    """The checks of the catalogue that made no decision, because the audit never got to them."""
    made = {decision.id for decision in document.decisions}
    asked = (
        checks.ELECTION_AUDIT_CHECKS if document.subject.kind == "election" else checks.RECOVERY_AUDIT_CHECKS
    )
    return tuple(check for check in asked if check.id not in made)


def policies(document: AuditDocument) -> tuple[tuple[str, Verdict], ...]:
    """The verdict under each policy that the subject knows: an election has to be right as a whole."""
    verdicts = (("strict", document.verdicts.strict), ("overlap", document.verdicts.overlap))
    return tuple((name, verdict) for name, verdict in verdicts if verdict is not None)


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


def release_name(document: AuditDocument) -> str:
    """What the release is called beside its version."""
    return "Release" if document.subject.kind == "election" else "Base release"


def _where(document: AuditDocument) -> str:
    """The options that say where the image of an election is, and what its digest has to be."""
    subject = document.subject
    urls = [url for url in subject.image_urls or () if url.startswith("https://") and url.isprintable()]
    digest = subject.image_sha256 or ""
    if not urls or not is_sha256(digest, any_case=True):
        return ""
    return f" --url {shlex.quote(urls[0])} --sha256 {digest.lower()}"


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


def readable_time(time: str | None) -> str | None:
    """An RFC 3339 time in UTC, to the second, for reading."""
    return None if time is None else f"{time[:10]} {time[11:19]} UTC"


def meaning(document: AuditDocument) -> tuple[str, ...]:
    """What a PASS of this audit proves."""
    if document.subject.kind == "election":
        return _meaning_of_election(document)
    anchor = "the mainnet root key" if foreign_root_key(document) is None else "the root key that was given"
    amount = "Every" if document.subject.policy == "strict" else "At least one"
    proven = [
        "The proposal as shown here, with its status, is what the NNS governance canister answered at the "
        f"time of the certificate. The threshold signature leads to {anchor}; two libraries checked it.",
        f"{amount} measurement that the proposal blesses is what an AMD SEV-SNP processor reports when it "
        "starts the base release. It was computed here from the release's files, not copied from any list.",
    ]
    if document.subject.policy == "strict":
        proven.append("No label beside a measurement tells voters anything other than what was measured.")
    return tuple(proven)


def _meaning_of_election(document: AuditDocument) -> tuple[str, ...]:
    anchor = "the mainnet root key" if foreign_root_key(document) is None else "the root key that was given"
    return (
        "The proposal as shown here, with its status, is what the NNS governance canister answered at the time of the "
        f"certificate. The threshold signature leads to {anchor}; two libraries checked it.",
        "The image has exactly the digest that the proposal gives, and every measurement of the proposal is what an "
        "AMD SEV-SNP processor reports when it starts that image. It was computed here from the image's files.",
        "Nodes of every CPU type that releases are measured for can start the version.",
    )


def limits_of_meaning(document: AuditDocument) -> tuple[str, ...]:
    """What a PASS of this audit does not prove."""
    if document.subject.kind == "election":
        return (
            "That the image was built from the source code of the commit that it is named after. Only a reproduction "
            "of the build shows that; it takes some hours and 100 GB.",
            "That the release is free of faults or back doors. The audit compares identities; it does not review code.",
            "That AMD's processors and firmware keep their promises.",
            "That the proposal is still as it was: its status can change after the time of the certificate.",
        )
    unproven = [
        "That the base release or the recovery GuestOS is free of faults or back doors. The audit compares "
        "identities; it does not review code.",
        "That the chips named in the proposal belong to the nodes that somebody says they do.",
        "That AMD's processors and firmware keep their promises.",
        "That the proposal is still as it was: its status can change after the time of the certificate.",
    ]
    if document.parameters.get("recovery_image") is None:
        unproven.insert(
            1,
            "What the recovery root file system holds. The proposal fixes it by its root hash; no recovery "
            "image was part of this audit.",
        )
    if document.subject.policy == "overlap":
        unproven.insert(
            0,
            "That the other blessed measurements are harmless: under the overlap policy one match is enough.",
        )
    return tuple(unproven)


def steps(document: AuditDocument) -> tuple[Step, ...]:
    """What a reader who has the report folder can run to check it by hand."""
    subject = document.subject
    stored = {record.name for record in document.evidence if record.stored}
    told = (
        [
            Step(
                "Are the evidence files those that this report names?",
                "cd evidence && sha256sum --check SHA256SUMS",
            )
        ]
        if stored
        else []
    )
    if RECORD_NAME in stored:
        told.append(
            Step("Does every check decide the same again, offline?", f"auditkit check evidence/{RECORD_NAME}")
        )
        told.append(
            Step(
                "Who vouches for this report? (with an OpenSSH file of those whom you trust)",
                "auditkit verify-report . --allowed-signers allowed_signers",
            )
        )
    key = foreign_root_key(document)
    key_option = f" --root-key {shlex.quote(key)}" if key is not None and key.isprintable() else ""
    cited = [name for decision in document.decisions[:14] for name in decision.evidence if name in stored]
    request = next((name for name in cited if name.endswith(".request.cbor")), None)
    certificate = next((name for name in cited if name != request), None)
    if certificate and subject.proposal_id is not None and subject.kind == "recovery":
        request_option = f" --request evidence/{request}" if request else ""
        told.append(
            Step(
                "Did the NNS certify this proposal? (checks 1 to 14)",
                f"auditkit verify-proposal evidence/{certificate} --proposal-id {subject.proposal_id}"
                f" --stage {subject.stage}{request_option}{key_option}",
            )
        )
    if subject.base_version:
        told.append(
            Step(
                f"What does the {release_name(document).lower()} measure to? (download it yourself)",
                f"auditkit fetch-image {subject.base_version}{_where(document)} --out update-img.tar.zst\n"
                "auditkit measure update-img.tar.zst > launch-measurements.json",
            )
        )
        if certificate and subject.kind == "recovery":
            told.append(
                Step(
                    "Do the two agree? (checks 25 to 28)",
                    f"auditkit overlap --proposal evidence/{certificate}"
                    f" --measurements launch-measurements.json{key_option}",
                )
            )
    return tuple(told)
