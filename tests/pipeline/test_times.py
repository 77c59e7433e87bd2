"""Times that others wrote, as far as their 64 bits go."""

from __future__ import annotations

import time

import pytest

from auditkit.ic import GOVERNANCE, call_content, encode_envelope, encode_nat64_argument, request_id
from auditkit.ic.governance import (
    BlessAlternativeGuestOsVersion,
    Proposal,
    ProposalInfo,
    ProposalStatus,
)
from auditkit.pipeline import Parameters, check
from auditkit.practice import parameter_file
from auditkit.practice.nns import certify
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.nns.proposals import blessed_measurements
from auditkit.practice.scenarios import Blessing
from auditkit.report import from_json, render_html, render_markdown, render_text, to_json
from auditkit.times import LAST_SECOND, rfc3339, rfc3339_if_possible

ROOT = KeyPair("tests: times")


def audit(tmp_path, deadline: int | None, *, signed: int | None = None):
    """The audit of a proposal with this deadline whose certificate was signed at this time, in seconds since 1970."""
    bless = BlessAlternativeGuestOsVersion((b"c" * 64,), "ab" * 32, blessed_measurements(Blessing.BASE))
    info = ProposalInfo(
        id=900001,
        status_number=ProposalStatus.EXECUTED,
        topic=5,
        proposer=17,
        proposal=Proposal("Recover", "", "why", "BlessAlternativeGuestOsVersion", bless),
        latest_tally=None,
        proposal_timestamp_seconds=0,
        deadline_timestamp_seconds=deadline,
        decided_timestamp_seconds=0,
        executed_timestamp_seconds=0,
        failed_timestamp_seconds=0,
        reject_cost_e8s=0,
        failure_reason=None,
    )
    call = call_content(
        canister=GOVERNANCE,
        method="get_proposal_info",
        argument=encode_nat64_argument(900001),
        ingress_expiry_ns=1,
        nonce=b"n" * 16,
    )
    time_ns = time.time_ns() if signed is None else signed * 10**9
    state = certify.reply_state(request_id(call), encode_proposal_reply(info), time_ns=time_ns)
    proposal = tmp_path / "proposal.cbor"
    proposal.write_bytes(certify.certificate(certify.build_tree(state), ROOT, delegation=None))
    (tmp_path / "proposal.request.cbor").write_bytes(encode_envelope(call))
    overrides = (
        f"proposal_source={proposal}",
        f"root_key={ROOT.public_key_der.hex()}",
        "election_source=null",
    )
    document, _ = check(Parameters.from_file(parameter_file("honest"), overrides, {}))
    return document


@pytest.mark.parametrize(
    ("deadline", "told"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00Z"),
        (1_780_000_000, "2026-05-28T20:26:40Z"),
        (LAST_SECOND, "9999-12-31T23:59:59Z"),
        (LAST_SECOND + 1, None),
        ((1 << 63) + 5, None),
        ((1 << 64) - 1, None),
    ],
)
def test_any_deadline_is_told_or_left_out(tmp_path, deadline, told):
    document = audit(tmp_path, deadline)
    assert (document.verdicts.overlap, document.subject.deadline) == ("PASS", told)
    assert from_json(to_json(document)) == document
    for render in (render_html, render_markdown, render_text):
        assert render(document)
    if deadline is not None and told is None:
        assert f"{deadline} seconds after 1970" in document.decisions[13].observed


@pytest.mark.parametrize(
    ("signed", "told"), [(0, "1970-01-01T00:00:00Z"), (18_446_744_073, "2554-07-21T23:34:33Z")]
)
def test_any_time_of_a_certificate_is_told(tmp_path, signed, told):
    assert audit(tmp_path, None, signed=signed).subject.certificate_time == told


def test_a_time_is_told_to_the_second_that_had_begun():
    assert rfc3339(1_780_000_000.999) == "2026-05-28T20:26:40Z"
    assert rfc3339_if_possible(None) is None
