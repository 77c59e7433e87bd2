"""get_chunk: the argument and the reply, in bytes that another writer of Candid makes."""

from __future__ import annotations

import hashlib

import pytest
from ic.registry.writing import blob, certified, error, reply, value

from auditkit.errors import EvidenceError
from auditkit.ic.candid import Primitive
from auditkit.ic.registry import decode_chunk, get_chunk_argument, named_parts
from auditkit.practice.nns.candid_writer import BLOB, OptType, VariantType, encode, record

DIGEST = bytes(range(32))
CHUNK = VariantType((("Ok", record(content=OptType(BLOB))), ("Err", Primitive.TEXT)))


def test_the_argument():
    assert get_chunk_argument(DIGEST) == encode(
        record(content_sha256=OptType(BLOB)), {"content_sha256": DIGEST}
    )


@pytest.mark.parametrize("content", [b"", b"part", bytes(1000)])
def test_a_part(content):
    assert decode_chunk(encode(CHUNK, ("Ok", {"content": content}))) == content


REFUSED = {
    "an error": (encode(CHUNK, ("Err", "no such chunk")), "no such chunk"),
    "no content": (encode(CHUNK, ("Ok", {"content": None})), "holds no part"),
    "a later case": (encode(VariantType((("Later", BLOB),)), ("Later", b"x")), "holds no part"),
    "content of another type": (
        encode(VariantType((("Ok", record(content=OptType(Primitive.TEXT))),)), ("Ok", {"content": "x"})),
        "another type",
    ),
    "no variant": (encode(BLOB, b"x"), "another type"),
    "no value": (b"DIDL\x00\x00", "one value"),
    "no Candid": (b"x", "Candid"),
}


@pytest.mark.parametrize(("data", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_part(data, told):
    with pytest.raises(EvidenceError, match=told):
        decode_chunk(data)


def test_the_parts_that_a_certificate_names():
    digests = [hashlib.sha256(part).digest() for part in (b"a", b"b")]
    assert named_parts(certified(reply(blob(4, b"".join(blob(1, one) for one in digests))))) == tuple(digests)


@pytest.mark.parametrize(
    "certificate", [certified(value()), certified(error(1)), certified(b"x"), b"", b"\xa0"]
)
def test_certificates_that_name_none(certificate):
    assert named_parts(certificate) == ()
