"""The reply of get_value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ic.registry.writing import KEY, blob, error, number, reply

from auditkit.errors import EvidenceError
from auditkit.ic.registry import LayoutError, RegistryReply, decode_reply
from auditkit.limits import LIMITS

NOTHING = RegistryReply(
    version=62_948,
    timestamp_ns=None,
    value=None,
    chunk_digests=None,
    error_code=None,
    error_reason=None,
    error_key=None,
    unknown=(),
)
TIME = 1_786_014_092_906_939_149
D1, D2 = b"1" * 32, b"2" * 32

READ = {
    "a record": (reply(blob(3, b"abc")), replace(NOTHING, value=b"abc", timestamp_ns=TIME)),
    "an empty record": (reply(blob(3, b""), time=0), replace(NOTHING, value=b"")),
    "version 0": (blob(3, b"abc"), replace(NOTHING, value=b"abc", version=0)),
    "chunks": (
        reply(blob(4, blob(1, D1) + blob(1, D2))),
        replace(NOTHING, chunk_digests=(D1, D2), timestamp_ns=TIME),
    ),
    "no such record": (
        error(1),
        replace(NOTHING, error_code=1, error_reason="", error_key=KEY.encode()),
    ),
    "an error with a reason": (
        error(4, "too new", key=""),
        replace(NOTHING, error_code=4, error_reason="too new"),
    ),
    "error code 0, which the wire leaves out": (
        error(0, "malformed"),
        replace(NOTHING, error_code=0, error_reason="malformed", error_key=KEY.encode()),
    ),
    "a later field": (
        reply(blob(3, b"") + number(6, 1), time=0),
        replace(NOTHING, value=b"", unknown=("6",)),
    ),
    "later fields inside": (
        reply(blob(4, blob(1, D1) + number(2, 1)), time=0),
        replace(NOTHING, chunk_digests=(D1,), unknown=("4.2",)),
    ),
    "a later field of an error": (
        blob(1, number(1, 1) + number(9, 1)) + number(2, 62_948),
        replace(NOTHING, error_code=1, error_reason="", unknown=("1.9",)),
    ),
}


@pytest.mark.parametrize(("data", "read"), READ.values(), ids=READ.keys())
def test_replies(data, read):
    assert decode_reply(data) == read


LAYOUT = {
    "neither record nor error": number(2, 1),
    "nothing at all": b"",
    "a record twice": reply(blob(3, b"a") + blob(3, b"a")),
    "a record and chunks": reply(blob(3, b"a") + blob(4, blob(1, D1))),
    "two versions": reply(blob(3, b"a")) + number(2, 1),
    "two errors": error(1) + error(1),
    "a version of another type": blob(2, b"") + blob(3, b"a"),
    "a record of another type": number(2, 1) + number(3, 1),
    "a time of another type": reply(blob(3, b"a"), time=0) + blob(5, b""),
    "no digests": reply(blob(4, b"")),
    "a digest of 31 bytes": reply(blob(4, blob(1, D1[1:]))),
    "a digest of 33 bytes": reply(blob(4, blob(1, D1 + b"1"))),
    "a reason that is no text": blob(1, number(1, 1) + blob(2, b"\xff")),
}


@pytest.mark.parametrize("data", LAYOUT.values(), ids=LAYOUT.keys())
def test_layouts_that_are_not_known(data):
    with pytest.raises(LayoutError):
        decode_reply(data)


def test_a_record_and_an_error_contradict_each_other():
    with pytest.raises(EvidenceError) as caught:
        decode_reply(error(1) + blob(3, b"a"))
    assert not isinstance(caught.value, LayoutError)
    assert caught.value.what == "the registry's reply holds both a record and an error"


def test_a_record_comes_in_few_parts():
    two = reply(blob(4, blob(1, D1) + blob(1, D2)))
    assert decode_reply(two, limits=replace(LIMITS, registry_chunks=2)).chunk_digests == (D1, D2)
    with pytest.raises(EvidenceError) as caught:
        decode_reply(two, limits=replace(LIMITS, registry_chunks=1))
    assert not isinstance(caught.value, LayoutError)


def test_bytes_that_are_no_message():
    with pytest.raises(EvidenceError) as caught:
        decode_reply(b"DIDL\x00\x00")
    assert not isinstance(caught.value, LayoutError)
