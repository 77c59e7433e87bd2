"""What the steps of an audit decide themselves: answers that are no certificates, and whatever was not asked."""

from __future__ import annotations

import io
import json
import tempfile
from contextlib import redirect_stdout, suppress
from pathlib import Path

from audit.outcomes.case import fails, skips
from ic.world import World

from auditkit import checks
from auditkit.cli import main
from auditkit.decision import Decision, Outcome
from auditkit.errors import EvidenceError
from auditkit.evidence.answers import UnboundAnswerError
from auditkit.pipeline import (
    BaseImageStep,
    MeasurementStep,
    Parameters,
    ProposalStep,
    check_attestation,
    check_recovery_image,
    refusal,
)

W = World()
FAILED = ProposalStep(decisions=(checks.CERTIFICATE_FORM.failed("bad", "It is bad."),))
NEVER_BEGUN = ProposalStep(decisions=(checks.CERTIFICATE_FORM.skipped("Nobody asked for it."),))


def parameters(**changes) -> Parameters:
    return Parameters.from_mapping({"proposal_id": 1, "base_version": "a" * 40, **changes})


def attested(proposal: ProposalStep, **changes):
    return lambda: check_attestation(parameters(**changes), proposal).decisions


def recovered(proposal: ProposalStep, **changes):
    return lambda: (
        check_recovery_image(parameters(**changes), proposal, BaseImageStep(), MeasurementStep()).decisions
    )


def command_about_a_forged_proposal():
    """The decisions that `auditkit verify-attestation` prints."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()) as printed:
        proposal, report = Path(folder) / "proposal.cbor", Path(folder) / "report"
        proposal.write_bytes(W.certificate(signer=W.subnet))
        report.write_bytes(b"not read")
        key = W.root.public_key_der.hex()
        with suppress(SystemExit):
            main(
                ["verify-attestation", str(report), "--proposal", str(proposal), "--root-key", key, "--json"]
            )
    for told in json.loads(printed.getvalue())["decisions"]:
        yield Decision(
            **{
                **told,
                "outcome": Outcome(told["outcome"]),
                "evidence": tuple(told["evidence"]),
                "qualifications": tuple(told["qualifications"]),
            }
        )


def refused(kind: type[EvidenceError], **more: str):
    return lambda: refusal(kind("the answer is none", **more))


NOT_REACHED = "Not reached: certificate.form failed."

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
        case
        for check in checks.ATTESTATION_CHECKS
        for case in (
            skips(check, "no report was given", attested(FAILED), "No attestation report was given."),
            skips(check, "the proposal failed", attested(FAILED, attestation_report="x"), NOT_REACHED),
            skips(
                check,
                "the command was given a forged proposal",
                command_about_a_forged_proposal,
                "The proposal is not authentic.",
            ),
        )
    ),
    *(
        case
        for check in checks.RECOVERY_CHECKS
        for case in (
            skips(check, "no image was given", recovered(FAILED), "No recovery image was given."),
            skips(check, "the proposal failed", recovered(FAILED, recovery_image="x"), NOT_REACHED),
            skips(
                check,
                "the proposal was not reached itself",
                recovered(NEVER_BEGUN, recovery_image="x"),
                "Nobody asked for it.",
            ),
        )
    ),
)
