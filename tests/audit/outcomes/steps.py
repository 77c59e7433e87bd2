"""What the steps of an audit decide themselves: answers that are no certificates, and whatever was not asked."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

from audit.outcomes.case import fails, skips
from ic.world import World

from auditkit import checks
from auditkit.errors import EvidenceError
from auditkit.evidence.answers import UnboundAnswerError
from auditkit.pipeline import NodeStep, ProposalStep, RecoveryStep, refusal, verify_attestation
from auditkit.pipeline.steps.base import WantedImage, unread_image
from auditkit.pipeline.steps.election import not_executed, older_record, unasked_election
from auditkit.trust import Trust

W = World()
FAILED = ProposalStep(decisions=(checks.CERTIFICATE_FORM.failed("bad", "It is bad."),))
NEVER_BEGUN = ProposalStep(decisions=(checks.CERTIFICATE_FORM.skipped("Nobody asked for it."),))


def made_at_import(module: str, name: str):
    """The decisions of a step that a module makes when it is imported: it is run once more."""

    def make():
        importlib.import_module(module)
        file = Path(sys.modules[module].__file__)
        names = {"__name__": module}
        exec(compile(file.read_text(), str(file), "exec"), names)
        return names[name].decisions

    return make


def unreached(step, members, before: ProposalStep):
    return lambda: step.unreached(before, members).decisions


def about_a_forged_proposal():
    with tempfile.TemporaryDirectory() as folder:
        proposal, report = Path(folder) / "proposal.cbor", Path(folder) / "report"
        proposal.write_bytes(W.certificate(signer=W.subnet))
        report.write_bytes(b"not read")
        return verify_attestation(report, None, proposal, Trust("", W.root.public_key_der)).decisions


def refused(kind: type[EvidenceError], **more: str):
    return lambda: refusal(kind("the answer is none", **more), checks.REPLY_REQUEST)


NOT_REACHED = "Not reached: certificate.form failed."
UNASKED = "Nobody was asked whether the NNS elected the release (election_source is null)."
NOT_ASKED_THEN = "The audit that is repeated did not ask whether the NNS elected the release: audit again."
UNREAD = "Only certificates are read (depth: certificates); nobody looked at the image."
QUESTIONS = (checks.ELECTION_ANSWER, checks.ELECTION_ELECTED, checks.ELECTION_RECORD)

CASES = (
    *(
        case
        for check, kind in (
            (checks.CERTIFICATE_FORM, EvidenceError),
            (checks.REPLY_REQUEST, UnboundAnswerError),
        )
        for case in (
            fails(
                check,
                "an answer without a certificate",
                refused(kind),
                "an answer without a certificate that can be read",
                "the answer is none.",
                expected="a certificate that answers this call",
            ),
            fails(
                check,
                "an answer that says what is wrong, and where",
                refused(kind, where="the answer of a node", expected="one thing", observed="another"),
                "another",
                "the answer of a node: the answer is none.",
                expected="one thing",
            ),
        )
    ),
    *(
        skips(
            check,
            "no report was given",
            made_at_import("auditkit.pipeline.steps.node", "NO_REPORT"),
            "No attestation report was given.",
        )
        for check in checks.ATTESTATION_CHECKS
    ),
    *(
        skips(
            check,
            "the proposal beside the report is forged",
            about_a_forged_proposal,
            "The proposal is not authentic.",
        )
        for check in checks.ATTESTATION_CHECKS
    ),
    *(
        skips(
            check,
            "no image was given",
            made_at_import("auditkit.pipeline.steps.recovery", "NO_IMAGE"),
            "No recovery image was given.",
        )
        for check in checks.RECOVERY_CHECKS
    ),
    *(
        case
        for step, members in (
            (NodeStep, checks.ATTESTATION_CHECKS),
            (RecoveryStep, checks.RECOVERY_CHECKS),
        )
        for check in members
        for case in (
            skips(check, "the proposal failed", unreached(step, members, FAILED), NOT_REACHED),
            skips(
                check,
                "the proposal was not reached itself",
                unreached(step, members, NEVER_BEGUN),
                "Nobody asked for it.",
            ),
        )
    ),
    *(
        case
        for check in QUESTIONS
        for case in (
            skips(check, "nobody is asked", lambda: unasked_election("a" * 40, QUESTIONS).decisions, UNASKED),
            skips(
                check,
                "nobody was asked by an older audit",
                lambda: older_record(QUESTIONS).decisions,
                NOT_ASKED_THEN,
            ),
        )
    ),
    skips(
        checks.ELECTION_RECORD,
        "an election that is not executed yet",
        lambda: not_executed("a" * 40).decisions,
        "The election is not executed yet, so the registry cannot say anything about it.",
    ),
    skips(
        checks.ELECTION_DIGEST,
        "no release was elected",
        lambda: WantedImage("a" * 40, None, (), unelected="It was not elected.").agreement("1" * 64, ()),
        "It was not elected.",
    ),
    *(
        skips(
            check,
            "only certificates are read",
            lambda: unread_image("a" * 40, (*checks.BASE_CHECKS, checks.ELECTION_DIGEST)).decisions,
            UNREAD,
        )
        for check in (*checks.BASE_CHECKS, checks.ELECTION_DIGEST)
    ),
)
