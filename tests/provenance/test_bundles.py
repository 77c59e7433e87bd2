"""Files of attestations: the forms that are read, and hostile ones, which end quickly in one error."""

from __future__ import annotations

import base64
import json
import time

import pytest
from builds import attested, verifier

from auditkit.errors import AuditkitError, EvidenceError
from auditkit.provenance import read_bundles

ONE = attested()
ENTRY = b'{"repository_id":1,"bundle_url":"https://example.invalid/?sig=secret","bundle":' + ONE + b"}"


def test_one_bundle_in_a_file():
    (bundle,) = read_bundles(json.dumps(json.loads(ONE), indent=2).encode())
    assert json.loads(bundle.data) == json.loads(ONE)
    assert bundle.media_type == "application/vnd.dev.sigstore.bundle.v0.3+json"


def test_the_answer_of_github_without_what_stands_around_the_bundles():
    found = read_bundles(b'{"attestations":[' + ENTRY + b"," + ENTRY + b"]}")
    assert len(found) == 2
    assert all(b"secret" not in bundle.data for bundle in found)


def test_as_many_bundles_as_a_release_may_have():
    assert len(read_bundles(b"\n".join([ONE.rstrip()] * 100))) == 100


def test_an_answer_of_github_that_there_are_none():
    assert read_bundles(b'{"attestations":[]}') == ()


def test_a_bundle_on_each_line():
    assert len(read_bundles(ONE + b"\n\n" + ONE + b"\n" + ENTRY + b"\n")) == 3


@pytest.mark.parametrize(("before", "behind"), [(b"{", b'"'), (b'"dsseEnvelope":', b"{"), (b"}", b',"')])
def test_a_bundle_over_two_lines(before, behind):
    written = ONE.strip().replace(before + behind, before + b"\n" + behind, 1)
    assert written.count(b"\n") == 1
    (bundle,) = read_bundles(written)
    assert bundle.data == read_bundles(ONE)[0].data


DEEP = 100_000
NOT_READ = {
    "nothing": (b"", "is not JSON"),
    "no JSON": (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "is not JSON"),
    "a number": (b"7", "no bundle"),
    "a list": (b"[]", "no bundle"),
    "another object": (b'{"mediaType":"text/plain"}', "no bundle"),
    "an object without a form": (b"{}", "no bundle"),
    "a form that is a number": (b'{"mediaType":7}', "no bundle"),
    "another field beside": (ONE[:-1] + b',"note":"a secret"}', "no bundle"),
    "a field twice": (ONE[:-1] + b',"mediaType":"x"}', "names a field twice"),
    "no number of JSON": (b'{"attestations":[NaN]}', "no number of JSON"),
    "not UTF-8": (b'{"a":"\xff"}', "is not UTF-8"),
    "half a character": (
        ONE.replace(b'"dsseEnvelope":{', b'"dsseEnvelope":{"\\ud800":1,'),
        "half a character",
    ),
    "half a character around the bundles": (
        b'{"attestations":[],"note":"\\udfff"}',
        "half a character",
    ),
    "a number without end": (
        ONE.replace(b'"dsseEnvelope":{', b'"dsseEnvelope":{"x":1e999,'),
        "a number is greater than readers can hold",
    ),
    "a negative number without end": (b'{"attestations":[-1e999]}', "greater than readers can hold"),
    "a list without bundles": (b'{"attestations":[{"bundle":null,"bundle_url":"x"}]}', "without its bundle"),
    "deep": (b"[" * DEEP, "nested too deeply|is not JSON"),
    "a deep bundle": (b'{"mediaType":' * DEEP, "nested too deeply|is not JSON"),
    "huge": (b" " * ((2 << 20) + 1), "larger than any real file of attestations"),
    "many entries": (b'{"attestations":[' + b",".join([ENTRY] * 101) + b"]}", "more attestations than"),
    "many small entries": (
        b'{"attestations":[' + b",".join([b"{}"] * 10_000) + b"]}",
        "more attestations than",
    ),
    "many lines": (b"\n".join([b"{}"] * 10_000), "more attestations than"),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_what_is_no_file_of_attestations(what):
    data, said = NOT_READ[what]
    began = time.monotonic()
    with pytest.raises(EvidenceError, match=said):
        read_bundles(data)
    assert time.monotonic() - began < 30


def test_an_emoji_in_two_escapes_is_one_character():
    (bundle,) = read_bundles(ONE.replace(b'"dsseEnvelope":{', b'"dsseEnvelope":{"\\ud83d\\ude00":1,'))
    assert "\N{GRINNING FACE}".encode() in bundle.data


def hostile() -> dict[str, bytes]:
    """Bundles whose form is right as far as their outermost fields go."""
    whole = json.loads(ONE)

    def with_(path: tuple[object, ...], value: object) -> bytes:
        copy = json.loads(ONE)
        place = copy
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return json.dumps(copy).encode()

    material = ("verificationMaterial",)
    entry = whole["verificationMaterial"]["tlogEntries"][0]
    certificate = (*material, "certificate", "rawBytes")
    return {
        "garbage for a certificate": with_(
            certificate, base64.b64encode(b"\x30\x84\xff\xff\xff\xff").decode()
        ),
        "no base64": with_(certificate, "%%%"),
        "300 log entries": with_((*material, "tlogEntries"), [entry] * 300),
        "10,000 signatures": with_(
            ("dsseEnvelope", "signatures"), whole["dsseEnvelope"]["signatures"] * 10_000
        ),
        "10,000 steps to the root": with_(
            (*material, "tlogEntries", 0, "inclusionProof", "hashes"),
            entry["inclusionProof"]["hashes"] * 10_000,
        ),
        "a deep statement": with_(("dsseEnvelope", "payload"), base64.b64encode(b"[" * 100_000).decode()),
        "a time beyond all calendars": with_((*material, "tlogEntries", 0, "integratedTime"), str(2**63)),
        "a negative place": with_((*material, "tlogEntries", 0, "inclusionProof", "logIndex"), "-1"),
        "a tree of no size": with_((*material, "tlogEntries", 0, "inclusionProof", "treeSize"), "0"),
        "a checkpoint of many lines": with_(
            (*material, "tlogEntries", 0, "inclusionProof", "checkpoint", "envelope"), "\n" * 100_000
        ),
        "a checkpoint of many signatures": with_(
            (*material, "tlogEntries", 0, "inclusionProof", "checkpoint", "envelope"),
            "a\n5\nAAAA\n\n" + "— a AAAAAAAAAAAA\n" * 10_000,
        ),
        "an entry that is no JSON": with_((*material, "tlogEntries", 0, "canonicalizedBody"), "AAAA"),
        "no material": with_(material, {}),
        "nothing signed": with_(("dsseEnvelope",), None),
        "a message and no statement": json.dumps(
            {
                **{name: value for name, value in whole.items() if name != "dsseEnvelope"},
                "messageSignature": {
                    "messageDigest": {
                        "algorithm": "SHA2_256",
                        "digest": base64.b64encode(bytes(32)).decode(),
                    },
                    "signature": "AAAA",
                },
            }
        ).encode(),
    }


@pytest.mark.parametrize("what", hostile())
def test_a_hostile_bundle_ends_in_one_error(what):
    (bundle,) = read_bundles(hostile()[what])
    began = time.monotonic()
    with pytest.raises(AuditkitError) as caught:
        verifier().verify(bundle)
    assert time.monotonic() - began < 30
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
