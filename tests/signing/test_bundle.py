"""Envelopes and the lines of a bundle: one broken rule, and the sentence that names it (DSSE 1.0, in-toto v1)."""

from __future__ import annotations

import base64
import json
from hashlib import sha256

import pytest
from ssh_wire import blob, private
from statements import statement, written

from auditkit.errors import EvidenceError
from auditkit.signing import Envelope, fingerprint, parse_envelope, pre_authentication_encoding
from auditkit.signing import bundle as of_bundles
from auditkit.signing.bundle import format_pair, parse_bundle
from auditkit.signing.statement import (
    Auditor,
    parse_report_statement,
    parse_summary_statement,
    statement_bytes,
    summary_statement,
)

KEYID = fingerprint(blob(1))
TYPE = "application/vnd.in-toto+json"


def refusal(call, *arguments) -> EvidenceError:
    with pytest.raises(EvidenceError) as raised:
        call(*arguments)
    return raised.value


# What is signed


@pytest.mark.parametrize(
    ("kind", "payload", "encoded"),
    [
        (
            "http://example.com/HelloWorld",
            b"hello world",
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world",
        ),
        ("", b"", b"DSSEv1 0  0 "),
        ("é", b"\xff\0", b"DSSEv1 2 \xc3\xa9 2 \xff\0"),
    ],
)
def test_the_encoding_of_the_protocol(kind, payload, encoded):
    """The first is the example of DSSE's own protocol.md."""
    assert pre_authentication_encoding(kind, payload) == encoded


def test_an_envelope_signs_its_payload_as_in_toto():
    assert Envelope(b"{}", "k", b"").signed_bytes == b"DSSEv1 28 application/vnd.in-toto+json 2 {}"


# Envelopes


def wire(**changes) -> dict:
    value = {
        "payload": base64.b64encode(b"{}").decode(),
        "payloadType": TYPE,
        "signatures": [{"keyid": "k", "sig": base64.b64encode(bytes(64)).decode()}],
    }
    return {name: part for name, part in {**value, **changes}.items() if part is not None}


def signature(sig: str = base64.b64encode(bytes(64)).decode(), **more: object) -> dict:
    return {"keyid": "k", "sig": sig, **more}


def test_an_envelope_is_read_and_written_alike():
    envelope = parse_envelope(written(wire()))
    assert envelope == Envelope(b"{}", "k", bytes(64))
    assert envelope.to_line() == written(wire())


NO_ENVELOPE = "not a DSSE envelope: "


@pytest.mark.parametrize(
    "line",
    [
        written(wire(payload=None)),
        written(wire(payloadType=None)),
        written(wire(signatures=None)),
        written(wire(signatures=[])),
        written(wire(signatures=[signature(), signature()])),
        written(wire(signatures={"keyid": "k", "sig": ""})),
        written(wire(signatures=[{"keyid": "k"}])),
        written(wire(signatures=[{"sig": ""}])),
        written(wire(signatures=[signature(cert="x")])),
        written(wire(signatures=["x"])),
        written(wire(more=1)),
        written(wire(payload=5)),
        written(wire(payloadType=5)),
        written(wire(signatures=[{"keyid": None, "sig": ""}])),
        written([]),
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
    ],
    ids=range(19),
)
def test_another_form_is_no_envelope(line):
    assert refusal(parse_envelope, line).what.startswith(NO_ENVELOPE)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (written(wire())[:-1] + b',"payload":"e30="}', "an object with two fields of the same name"),
        (b'{"payload":NaN}', "NaN is not a JSON number"),
        (written(wire(payload="e30")), "a field is not base64: Incorrect padding"),
        (written(wire(payload="e3*=")), "a field is not base64: Only base64 data is allowed"),
        (written(wire(signatures=[signature("A")])), "a field is not base64: "),
    ],
)
def test_what_is_wrong_with_an_envelope_is_told(line, told):
    assert refusal(parse_envelope, line).what.startswith(NO_ENVELOPE + told)


@pytest.mark.parametrize("kind", ["", "application/json", TYPE.upper(), "x" * 200])
def test_another_kind_of_payload(kind):
    error = refusal(parse_envelope, written(wire(payloadType=kind)))
    assert (error.what, error.expected, error.observed) == (
        "the envelope holds another kind of payload",
        TYPE,
        kind[:100],
    )


@pytest.mark.parametrize("size", [0, 63, 65])
def test_another_length_of_signature(size):
    line = written(wire(signatures=[signature(base64.b64encode(bytes(size)).decode())]))
    error = refusal(parse_envelope, line)
    assert (error.what, error.expected, error.observed) == (
        "the signature is not one of Ed25519",
        "64 bytes",
        f"{size} bytes",
    )


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(wire()).encode(),
        written(dict(reversed(wire().items()))),
        b" " + written(wire()),
        written(wire()) + b"\r",
        written(wire(payload="e31=")),
        written(wire()).replace(b"/", rb"\/"),
        written(wire()).replace(b'"k"', rb'"\u006b"'),
    ],
    ids=["spaces", "order", "a space before", "a line end", "spare bits", "an escape", "another escape"],
)
def test_another_way_to_write_the_same_envelope(line):
    assert refusal(parse_envelope, line).what == (
        "the envelope is not written in the one way that auditkit writes envelopes"
    )


# Bundles


def pair(number: int = 1) -> tuple[Envelope, Envelope]:
    """What the auditor with this key signs about one report."""
    keyid = fingerprint(blob(number))
    said = parse_report_statement(written(statement(keyid)))
    first = signed(statement_bytes(said), keyid, number)
    return first, signed(statement_bytes(summary_statement(said, first.to_line())), keyid, number)


def signed(payload: bytes, keyid: str, number: int = 1) -> Envelope:
    return Envelope(payload, keyid, private(number).sign(Envelope(payload, keyid, b"").signed_bytes))


def lines(*envelopes: Envelope) -> bytes:
    return b"".join(envelope.to_line() + b"\n" for envelope in envelopes)


def test_pairs_in_their_order():
    data = format_pair(pair(2)) + format_pair(pair(1))
    found = parse_bundle(data)
    assert [one.keyid for one in found] == [fingerprint(blob(2)), KEYID]
    assert [one.envelopes for one in found] == [pair(2), pair(1)]
    assert found[0].report.predicate.auditor == Auditor(keyid=fingerprint(blob(2)), name=None)
    assert found[1].summary.predicate.resource_uri == "urn:auditkit:proposal:5"


def other(envelope: Envelope, keyid: str) -> Envelope:
    return Envelope(envelope.payload, keyid, envelope.signature)


FIRST, SECOND = pair()
KEYS_DIFFER = "the two statements of an auditor name different keys"
NOT_POINTING = "the summary does not point at the line before it"
ODD = "the bundle has an odd number of lines, but every auditor signs two"


@pytest.mark.parametrize(
    ("data", "told", "where"),
    [
        (b"", "the last line of the bundle is cut short", ""),
        (lines(FIRST, SECOND)[:-1], "the last line of the bundle is cut short", ""),
        (b"\n", ODD, ""),
        (lines(FIRST), ODD, ""),
        (lines(FIRST, SECOND) + b"\n", ODD, ""),
        (lines(FIRST, SECOND, FIRST), ODD, ""),
        (lines(FIRST, other(SECOND, "SHA256:x")), KEYS_DIFFER, "lines 1 and 2"),
        (lines(other(FIRST, "SHA256:x"), SECOND), KEYS_DIFFER, "lines 1 and 2"),
        (lines(other(FIRST, "SHA256:x"), other(SECOND, "SHA256:x")), KEYS_DIFFER, "lines 1 and 2"),
        (
            lines(FIRST, SECOND, pair(2)[0], other(SECOND, fingerprint(blob(2)))),
            NOT_POINTING,
            "lines 3 and 4",
        ),
        (lines(FIRST, signed(SECOND.payload, KEYID), FIRST, SECOND), None, ""),
        (lines(SECOND, FIRST), "not a statement that auditkit knows: ", "lines 1 and 2"),
        (lines(FIRST, FIRST), "not a statement that auditkit knows: ", "lines 1 and 2"),
        (lines(FIRST, SECOND, SECOND, SECOND), "not a statement that auditkit knows: ", "lines 3 and 4"),
        (lines(FIRST) + b"x\n", NO_ENVELOPE, "lines 1 and 2"),
        (lines(FIRST, SECOND) + b"\n\n", NO_ENVELOPE, "lines 3 and 4"),
    ],
    ids=range(16),
)
def test_lines_that_are_no_pairs(data, told, where):
    if told is None:  # the same signed twice is two pairs
        assert len(parse_bundle(data)) == 2
        return
    error = refusal(parse_bundle, data)
    assert error.what.startswith(told)
    assert error.where == where


def test_a_summary_of_another_line(monkeypatch):
    changed = json.loads(SECOND.payload)
    for attestations in (
        [],
        [{"digest": {"sha256": "0" * 64}}],
        changed["predicate"]["inputAttestations"] * 2,
    ):
        changed["predicate"]["inputAttestations"] = attestations
        error = refusal(parse_bundle, lines(FIRST, signed(written(changed), KEYID)))
        assert error.what == NOT_POINTING
    right = [{"digest": {"sha256": sha256(FIRST.to_line()).hexdigest()}}]
    assert json.loads(SECOND.payload)["predicate"]["inputAttestations"] == right


def test_the_largest_bundle(monkeypatch):
    data = format_pair((FIRST, SECOND))
    monkeypatch.setattr(of_bundles, "BUNDLE_BYTES", len(data))
    assert len(parse_bundle(data)) == 1
    monkeypatch.setattr(of_bundles, "BUNDLE_BYTES", len(data) - 1)
    error = refusal(parse_bundle, data)
    assert (error.what, error.expected) == ("the bundle is too large", f"at most {len(data) - 1:,} bytes")


def test_line_ends_that_explain_it_are_named():
    data = format_pair((FIRST, SECOND))
    assert refusal(parse_bundle, data.replace(b"\n", b"\r\n")).what == (
        "the bundle was changed in its line ends alone"
    )
    damaged = data.replace(b"\n", b"\r\n")[1:]
    assert refusal(parse_bundle, damaged).what.startswith(NO_ENVELOPE)


# Statements


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "a signed statement is not JSON: "),
        (b"\xff", "a signed statement is not JSON: "),
        (b'{"a":1,"a":1}', "a signed statement is not JSON: an object with two fields of the same name"),
        (b'{"a":Infinity}', "a signed statement is not JSON: Infinity is not a JSON number"),
        (b"[" * 100_000, "a signed statement is not JSON: "),
        (b"[]", "not a statement that auditkit knows: : "),
        (written({**statement(), "_type": "x"}), "not a statement that auditkit knows: _type: "),
        (
            written({**statement(), "predicateType": "x"}),
            "not a statement that auditkit knows: predicateType: ",
        ),
        (written({**statement(), "more": 1}), "not a statement that auditkit knows: more: "),
        (
            written({name: item for name, item in statement().items() if name != "predicateType"})[:-1]
            + b',"predicate_type":"urn:auditkit:signed-report:v1"}',
            "not a statement that auditkit knows: predicate_type: ",
        ),
        (written({**statement(), "subject": None}), "not a statement that auditkit knows: subject: "),
        (
            written({**statement(), "subject": [{"name": "a", "digest": {"sha256": "0" * 63}}]}),
            "not a statement that auditkit knows: subject.0.digest.sha256: ",
        ),
        (
            written({**statement(), "subject": [{"name": "a", "digest": {"sha256": "0" * 64, "sha1": ""}}]}),
            "not a statement that auditkit knows: subject.0.digest.sha1: ",
        ),
    ],
)
def test_what_is_no_statement(payload, told):
    assert refusal(parse_report_statement, payload).what.startswith(told)
    assert refusal(parse_summary_statement, payload).what.startswith(told.split(":")[0])


def predicate(**changes) -> bytes:
    return written({**statement(), "predicate": {**statement()["predicate"], **changes}})


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"auditor": {"keyid": "SHA256:" + "A" * 42, "name": None}}, "auditor.keyid"),
        ({"auditor": {"keyid": "SHA256:" + "A" * 44, "name": None}}, "auditor.keyid"),
        ({"auditor": {"keyid": "MD5:" + "A" * 43, "name": None}}, "auditor.keyid"),
        ({"auditor": {"keyid": KEYID, "name": ""}}, "auditor.name"),
        ({"auditor": {"keyid": KEYID, "name": "x" * 201}}, "auditor.name"),
        ({"auditor": {"keyid": KEYID}}, "auditor.name"),
        ({"signedAt": "2026-01-01 00:00:00"}, "signedAt"),
        ({"signedAt": "2026-02-30T00:00:00Z"}, "signedAt"),
        ({"verdict": "MAYBE"}, "verdict"),
        ({"verdicts": {"strict": "PASS"}}, "verdicts.overlap"),
        ({"policy": "lax"}, "policy"),
        ({"policyVersion": 0}, "policyVersion"),
        ({"policyVersion": "2"}, "policyVersion"),
        ({"policyVersion": True}, "policyVersion"),
        ({"stage": "later"}, "stage"),
        ({"proposalId": 0}, "proposalId"),
        ({"proposalId": 1 << 53}, "proposalId"),
        ({"rootKey": None}, "rootKey"),
        ({"deciding": "No Check"}, "deciding"),
        ({"tool": {"name": "x"}}, "tool.version"),
        ({"qualifications": ["nice"]}, "qualifications.0"),
        ({"decisions": [{}]}, "decisions.0.id"),
        ({"notCovered": [{"name": "x", "digest": {"sha256": "0" * 64}, "size": -1}]}, "notCovered.0.size"),
        ({"signed_at": "2026-01-01T00:00:00Z"}, "signed_at"),
        ({"more": 1}, "more"),
    ],
)
def test_a_predicate_with_one_wrong_field(changes, where):
    parse_report_statement(predicate())
    told = refusal(parse_report_statement, predicate(**changes)).what
    assert told.startswith(f"not a statement that auditkit knows: predicate.{where}: ")


@pytest.mark.parametrize("name", sorted(set(statement()["predicate"]) - {"policyVersion"}))
def test_every_field_of_a_predicate_has_to_be_there(name):
    value = statement()
    del value["predicate"][name]
    told = refusal(parse_report_statement, written(value)).what
    assert told.startswith(f"not a statement that auditkit knows: predicate.{name}: ")


def test_what_older_statements_do_not_say():
    """Of before policies had versions and verdicts qualifications."""
    value = statement()
    del value["predicate"]["policyVersion"]
    said = parse_report_statement(written(value)).predicate
    assert (said.policy_version, said.qualifications) == (1, ())


def test_a_long_fault_is_cut():
    told = refusal(parse_report_statement, written({**statement(), "x" * 400: 1})).what
    assert len(told) == 300
