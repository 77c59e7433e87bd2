"""`auditkit fetch-proposal` against servers that lie: one clear end, the documented exit status, nothing written."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import cbor2
import pytest

from auditkit import practice
from auditkit.cli import main
from auditkit.evidence import Backoff, agent
from auditkit.ic import GOVERNANCE, call_content, encode_nat64_argument, request_id
from auditkit.limits import LIMITS
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.practice import parameter_file
from auditkit.practice.nns import certify
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.nns.proposals import proposal_reply

ROOT, STRANGER = KeyPair("tests: root"), KeyPair("tests: a stranger")
PASS, FAIL, TROUBLE = 0, 1, 2
ASKED_FOR = practice.scenario("honest").proposal_id
ANOTHER = practice.scenario("delegated").proposal_id
FORMER_CALL = request_id(
    call_content(GOVERNANCE, "get_proposal_info", encode_nat64_argument(ASKED_FOR), ingress_expiry_ns=1)
)
KEPT = ["proposal.cbor", "proposal.request.cbor"]


@pytest.fixture
def fetch(tmp_path, capsys, monkeypatch):
    """Runs the command; gives its status, what it printed, and what is in the folder afterwards."""
    hasty = replace(LIMITS, call_deadline_seconds=3.0, http_read_seconds=0.5, http_connect_seconds=0.5)
    monkeypatch.setitem(agent.fetch_certified_call.__kwdefaults__, "limits", hasty)
    monkeypatch.setattr(agent, "Backoff", lambda: Backoff(first=0.002, longest=0.02))
    folder = tmp_path / "evidence"
    folder.mkdir()

    def run(url, root_key=ROOT.public_key_der):
        arguments = ["fetch-proposal", str(ASKED_FOR), "--url", url, "--root-key", root_key.hex()]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--out", str(folder / "proposal.cbor")])
        shown = capsys.readouterr()
        return ended.value.code, shown.out, shown.err, sorted(path.name for path in folder.iterdir())

    return run


def answer(request_id, *, proposal_id=ASKED_FOR, signer=ROOT, age_seconds=0, **changes) -> bytes:
    """What an honest server would give, but for what is asked to be different."""
    now = int(time.time()) - age_seconds
    state = certify.reply_state(request_id, proposal_reply(proposal_id, now), time_ns=now * 10**9)
    return certify.certificate(certify.build_tree({**state, **changes}), signer)


def replied(wire, certificate, **headers):
    wire.cbor({"status": "replied", "certificate": certificate}, **headers)


def test_an_honest_server(serve, fetch):
    status, out, err, kept = fetch(serve(lambda asked, wire: replied(wire, answer(asked.request_id))).url)
    assert (status, err, kept) == (PASS, "", KEPT)
    assert out.count("\n") == 2


def half_an_answer(asked, wire):
    whole = cbor2.dumps({"status": "replied", "certificate": answer(asked.request_id)})
    wire.send(200, whole[:500], Content_Type="application/cbor", Content_Length=str(len(whole)))


def a_length_that_is_too_long(asked, wire):
    replied(wire, answer(asked.request_id), Content_Length="999999")


def a_slow_drip(asked, wire):
    wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nContent-Length: 2000\r\n\r\n")
    wire.drip(bytes(2000), 0.02)


def busy(asked, wire):
    wire.send(503)


def refused(asked, wire):
    wire.cbor({"status": "non_replicated_rejection", "reject_code": 3, "reject_message": "no such method"})


def rejected(asked, wire):
    state = certify.rejected_state(asked.request_id, 5, "trapped", time_ns=time.time_ns())
    replied(wire, certify.certificate(certify.build_tree(state), ROOT))


TROUBLES = {
    "drops the connection": (lambda asked, wire: None, "the connection broke off"),
    "sends half an answer": (half_an_answer, "the answer was cut short"),
    "announces too much": (a_length_that_is_too_long, "the answer was cut short"),
    "redirects": (lambda asked, wire: wire.send(302, Location="http://127.0.0.1:9/"), "is not followed"),
    "answers HTML": (lambda asked, wire: wire.send(200, b"<html>", Content_Type="text/html"), "a web page"),
    "drips": (a_slow_drip, "no complete answer within"),
    "says nothing": (lambda asked, wire: wire.hang(), "no complete answer within|did not answer in time"),
    "is busy": (busy, "not available right now"),
    "refuses the call": (refused, "no such method"),
    "rejects the call": (rejected, "the canister rejected the call: trapped"),
}


@pytest.mark.parametrize(("script", "words"), TROUBLES.values(), ids=TROUBLES.keys())
def test_trouble_is_one_line(serve, fetch, script, words):
    started = time.monotonic()
    status, out, err, kept = fetch(serve(script).url)
    assert time.monotonic() - started < 10
    assert (status, out, kept) == (TROUBLE, "", [])
    assert err.startswith("auditkit: http://127.0.0.1:")
    assert re.search(words, err)
    assert err.count("\n") == 1


def test_no_server_is_trouble(fetch):
    status, out, err, kept = fetch("http://127.0.0.1:9")
    assert (status, out, kept) == (TROUBLE, "", [])
    assert err.endswith(
        ": the server refused the connection; see whether the address is right and the server runs\n"
    )


def announces_too_little(asked, wire):
    body = cbor2.dumps({"status": "replied", "certificate": answer(asked.request_id)})
    wire.send(200, body, Content_Type="application/cbor", Content_Length=str(len(body) - 9))


def one_byte_changed(asked, wire):
    certificate = bytearray(answer(asked.request_id))
    certificate[certificate.index(b"DIDL") + 20] ^= 1
    replied(wire, bytes(certificate))


def another_reply(reply):
    def script(asked, wire):
        state = certify.reply_state(asked.request_id, reply, time_ns=time.time_ns())
        replied(wire, certify.certificate(certify.build_tree(state), ROOT))

    return script


FAILURES = {
    "announces too little": (announces_too_little, "certificate.form"),
    "answers about another proposal": (
        lambda asked, wire: replied(wire, answer(asked.request_id, proposal_id=ANOTHER)),
        "proposal.reply",
    ),
    "answers null": (another_reply(b"DIDL\x01\x6e\x7f\x01\x00\x00"), "proposal.reply"),
    "answers nonsense": (another_reply(b"DIDL" + b"\xff" * 20), "proposal.reply"),
    "replays an old certificate": (
        lambda asked, wire: replied(wire, answer(FORMER_CALL, age_seconds=10**6)),
        "reply.request",
    ),
    "answers another call": (lambda asked, wire: replied(wire, answer(bytes(32))), "reply.request"),
    "signs itself": (
        lambda asked, wire: replied(wire, answer(asked.request_id, signer=STRANGER)),
        "certificate.signature",
    ),
    "changes a byte": (one_byte_changed, "certificate.signature"),
    "sends no certificate": (lambda asked, wire: wire.cbor({"status": "replied"}), "certificate.form"),
    "sends other CBOR": (lambda asked, wire: wire.cbor([1, 2]), "certificate.form"),
    "sends a bomb": (
        lambda asked, wire: replied(wire, b"\xd8\x1c\x82" * 400),
        "certificate.form",
    ),
}


@pytest.mark.parametrize(("script", "check"), FAILURES.values(), ids=FAILURES.keys())
def test_a_lie_fails_the_check_it_breaks(serve, fetch, script, check):
    status, out, err, kept = fetch(serve(script).url)
    assert (status, err, kept) == (FAIL, "", [])
    failed = [line for line in out.splitlines() if re.match(r"FAIL +\d", line)]
    assert len(failed) == 1, out
    assert failed[0].split()[2] == f"{check}:"
    assert out.splitlines()[-1] == "FAIL (another root key)"


def test_what_is_there_is_not_overwritten(serve, fetch):
    server = serve(lambda asked, wire: replied(wire, answer(asked.request_id)))
    assert fetch(server.url)[0] == PASS
    status, _, err, kept = fetch(server.url)
    assert (status, kept) == (TROUBLE, KEPT)
    assert "it is there already" in err
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("certificate", "check_id"),
    [
        (lambda _: b"no certificate", "certificate.form"),
        (lambda _: answer(FORMER_CALL), "reply.request"),
    ],
)
def test_an_audit_and_its_replay_fail_the_same_check(serve, fetch, tmp_path, certificate, check_id):
    server = serve(lambda asked, wire: replied(wire, certificate(asked)))
    status, out, _, kept = fetch(server.url)
    assert (status, kept) == (FAIL, [])
    assert check_id in out
    parameters = Parameters.from_file(parameter_file("honest"), (f"proposal_source={server.url}",))
    document, evidence = check(parameters)
    assert document.deciding is not None
    assert (document.verdict, document.deciding.decision) == ("FAIL", check_id)
    write_report(document, evidence, tmp_path / "report")
    replayed, _ = replay(tmp_path / "report" / "evidence")
    assert replayed.decisions == document.decisions
