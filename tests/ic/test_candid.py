"""Candid: the bounded decoder, on messages of the Candid specification's test suite and on hostile ones."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError
from auditkit.ic import candid, decode_proposal_info
from auditkit.ic.candid import Primitive, label_hash


def raw(digits: str):
    return [value.raw for value in candid.decode(bytes.fromhex(digits.replace(" ", "")))]


D = "4449444c"


def test_label_hash():
    # The specification's examples of the field hash.
    assert label_hash("") == 0
    assert label_hash("id") == 23515
    assert label_hash("description") == 1595738364


ACCEPTED = {
    f"{D} 0000": [],
    f"{D} 00017f": [None],
    f"{D} 00017e00": [False],
    f"{D} 00017e01": [True],
    f"{D} 00017d8001": [128],
    f"{D} 00017d8000": [0],  # overlong, which the specification allows
    f"{D} 00017c7f": [-1],
    f"{D} 00017c8001": [128],
    f"{D} 00017c807f": [-128],
    f"{D} 00017bff": [255],
    f"{D} 00017affff": [65535],
    f"{D} 000179ffffffff": [2**32 - 1],
    f"{D} 000178ffffffffffffffff": [2**64 - 1],
    f"{D} 000177ff": [-1],
    f"{D} 000176ffff": [-1],
    f"{D} 000175ffffff7f": [2**31 - 1],
    f"{D} 000174ffffffffffffffff": [-1],
    f"{D} 0001730000c03f": [1.5],
    f"{D} 000172000000000000f83f": [1.5],
    f"{D} 00017104f09f9882": ["😂"],
    f"{D} 000170": [None],
    f"{D} 00016801 00": [b""],
    f"{D} 0001680103caffee": [b"\xca\xff\xee"],
    f"{D} 016e7e 0100 00": [None],
    f"{D} 016e7e 0100 0101": [(True,)],
    f"{D} 026e016e7e 0100 010100": [((False,),)],
    f"{D} 016d7b 0100 03010203": [b"\1\2\3"],
    f"{D} 016d7e 0100 020001": [(False, True)],
    f"{D} 016d7f 0100 03": [(None, None, None)],
    f"{D} 016c00 0100": [()],
    f"{D} 016c02007e017e 0100 0001": [(False, True)],
    f"{D} 016b02007f017e 0100 0101": [(1, True)],
    f"{D} 026c02007e01016e00 0100 01 0100 00".replace("0100 01 0100 00", "0100 01 01 00 00"): [
        (True, ((False, None),))
    ],
    f"{D} 016a000000 0100 0101 03caffee 0161": [b"\xca\xff\xeea"],
    f"{D} 016900 0100 01 03caffee": [b"\xca\xff\xee"],
    f"{D} 02690103666f6f016a000000 0100 01 03caffee": [b"\xca\xff\xee"],  # its method's type stands behind it
    f"{D} 0166 03 aabbcc 0100 02 00 ffff": [b"\xff\xff"],  # a future type
}


@pytest.mark.parametrize(("digits", "values"), ACCEPTED.items())
def test_messages_are_decoded(digits, values):
    assert raw(digits) == values


REFUSED = {
    "nothing": "",
    "cut magic": "444944",
    "another magic": "4449444d0000",
    "no table": D,
    "no arguments": f"{D} 00",
    "bytes after the end": f"{D} 000000",
    "bytes after a value": f"{D} 00017f00",
    "bool 2": f"{D} 00017e02",
    "opt 2": f"{D} 016e7f 0100 02",
    "cut nat64": f"{D} 00017800000000000000",
    "cut text": f"{D} 00017102 61",
    "text is not UTF-8": f"{D} 00017101 ff",
    "cut number": f"{D} 00017d80",
    "type of the table as argument": f"{D} 000100",
    "unknown primitive": f"{D} 00016e",
    "primitive in the table": f"{D} 017f 0100",
    "table refers beyond its end": f"{D} 016e01 0100 00",
    "empty has no value": f"{D} 00016f",
    "fields out of order": f"{D} 016c02017e007e 0100 0000",
    "field twice": f"{D} 016c02007e007e 0100 0000",
    "field beyond 32 bits": f"{D} 016c0180808080107e 0100 00",
    "variant case missing": f"{D} 016b01007f 0100 01",
    "variant without cases": f"{D} 016b00 0100 00",
    "opaque principal": f"{D} 00016800",
    "principal of 30 bytes": f"{D} 000168011e" + "00" * 30,
    "opaque service": f"{D} 016900 0100 00",
    "opaque function": f"{D} 016a000000 0100 00",
    "annotation 9": f"{D} 016a00000109 0100 00",
    "methods out of order": f"{D} 026a0000006902016200016100 0000",
    "a method that is a principal": f"{D} 01690103666f6f68 0100 0103caffee",
    "a method that is an opt": f"{D} 026e7e690103666f6f00 0101 0103caffee",
    "a method that is a service": f"{D} 01690103666f6f00 0100 0103caffee",
    "a method of a future type": f"{D} 026600690103666f6f00 0101 0103caffee",
    "a method of a type that no value has": f"{D} 026e7e690103666f6f00 00",
    "future value with references": f"{D} 016600 0100 0001",
    "more arguments than bytes": f"{D} 00ff01",
    "number of 25 bytes": f"{D} 00017d" + "80" * 24 + "00",
}


@pytest.mark.parametrize("digits", REFUSED.values(), ids=REFUSED.keys())
def test_malformed_messages_are_refused(digits):
    with pytest.raises(EvidenceError) as caught:
        raw(digits)
    assert caught.value.where.startswith("Candid byte ")


def typed(digits: str):
    return candid.decode(bytes.fromhex(digits.replace(" ", "")))[0]


def test_opt_nat8_is_not_a_blob():
    with pytest.raises(EvidenceError):
        typed(f"{D} 016e7b 0100 0103").blob()
    assert typed(f"{D} 016d7b 0100 020304").blob() == b"\3\4"
    with pytest.raises(EvidenceError):
        typed(f"{D} 016d7e 0100 020001").blob()
    with pytest.raises(EvidenceError):
        typed(f"{D} 016d7f 0100 00").blob()


def test_optional_reads_subtypes():
    assert typed(f"{D} 00017f").optional() is None
    assert typed(f"{D} 000170").optional() is None
    assert typed(f"{D} 016e7e 0100 00").optional() is None
    assert typed(f"{D} 00017b07").optional().number(Primitive.NAT8) == 7
    assert typed(f"{D} 016e7b 0100 0107").optional().number(Primitive.NAT8) == 7


def test_numbers_of_another_width_are_refused():
    for primitive in (Primitive.NAT64, Primitive.NAT, Primitive.INT32):
        with pytest.raises(EvidenceError):
            typed(f"{D} 00017b07").number(primitive)
    with pytest.raises(EvidenceError):
        typed(f"{D} 00017e01").number(Primitive.NAT8)


def test_an_absent_field_is_null_and_nothing_else():
    absent = typed(f"{D} 016c00 0100").field("anything")
    assert absent.optional() is None
    for read in (
        absent.text,
        absent.blob,
        absent.elements,
        absent.case,
        lambda: absent.number(Primitive.NAT64),
    ):
        with pytest.raises(EvidenceError):
            read()


@settings(deadline=1000)
@given(st.binary(max_size=120))
def test_any_bytes_are_decoded_or_refused(data):
    for message in (data, candid.MAGIC + data):
        try:
            candid.decode(message)
        except EvidenceError:
            continue


@pytest.mark.slow
@settings(deadline=1000, max_examples=300)
@given(st.data())
def test_changed_proposals_are_decoded_or_refused(world, data):
    reply = bytearray(world.reply())
    for _ in range(data.draw(st.integers(1, 4))):
        reply[data.draw(st.integers(0, len(reply) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(EvidenceError):
        decode_proposal_info(bytes(reply[: data.draw(st.integers(1, len(reply)))]))
