"""Candid: the bounded decoder, on messages of the Candid specification's test suite and on hostile ones."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError
from auditkit.ic import candid, decode_proposal_info
from auditkit.ic.candid import Primitive, label_hash
from auditkit.limits import LIMITS


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
    "nothing": ("", 0, "not a Candid message: it does not start with DIDL"),
    "cut magic": ("444944", 3, "not a Candid message: it does not start with DIDL"),
    "another magic": ("4449444d0000", 4, "not a Candid message: it does not start with DIDL"),
    "no table": (D, 4, "the message ends inside a number"),
    "no arguments": (f"{D} 00", 5, "the message ends inside a number"),
    "bytes after the end": (f"{D} 000000", 6, "1 bytes after the end of the message"),
    "bytes after a value": (f"{D} 00017f00", 7, "1 bytes after the end of the message"),
    "bool 2": (f"{D} 00017e02", 8, "a bool is neither 0 nor 1"),
    "opt 2": (f"{D} 016e7f 0100 02", 10, "the tag of an opt is neither 0 nor 1"),
    "cut nat64": (f"{D} 00017800000000000000", 7, "8 bytes are wanted where 7 are left"),
    "cut text": (f"{D} 00017102 61", 8, "2 bytes are wanted where 1 are left"),
    "text is not UTF-8": (f"{D} 00017101 ff", 9, "text that is not UTF-8"),
    "cut number": (f"{D} 00017d80", 8, "the message ends inside a number"),
    "type of the table as argument": (f"{D} 000100", 7, "there is no type 0"),
    "unknown primitive": (f"{D} 00016e", 7, "there is no type -18"),
    "primitive in the table": (f"{D} 017f 0100", 6, "-1 does not stand for a composite type"),
    "table refers beyond its end": (f"{D} 016e01 0100 00", 7, "there is no type 1"),
    "empty has no value": (f"{D} 00016f", 7, "a value of type empty, of which there is none"),
    "fields out of order": (
        f"{D} 016c02017e007e 0100 0000",
        10,
        "field ids do not increase strictly within 32 bits",
    ),
    "field twice": (f"{D} 016c02007e007e 0100 0000", 10, "field ids do not increase strictly within 32 bits"),
    "field beyond 32 bits": (
        f"{D} 016c0180808080107e 0100 00",
        12,
        "field ids do not increase strictly within 32 bits",
    ),
    "variant case missing": (
        f"{D} 016b01007f 0100 01",
        12,
        "a variant value names a case that its type does not have",
    ),
    "variant without cases": (
        f"{D} 016b00 0100 00",
        10,
        "a variant value names a case that its type does not have",
    ),
    "opaque principal": (
        f"{D} 00016800",
        8,
        "an opaque reference, which no reader outside the replica can follow",
    ),
    "principal of 30 bytes": (f"{D} 000168011e" + "00" * 30, 9, "a principal is too long"),
    "opaque service": (
        f"{D} 016900 0100 00",
        10,
        "an opaque reference, which no reader outside the replica can follow",
    ),
    "opaque function": (
        f"{D} 016a000000 0100 00",
        12,
        "an opaque reference, which no reader outside the replica can follow",
    ),
    "annotation 0": (f"{D} 016a00000100 0100 00", 10, "an unknown annotation of a function type"),
    "annotation 4": (f"{D} 016a00000104 0100 00", 10, "an unknown annotation of a function type"),
    "annotation 9": (f"{D} 016a00000109 0100 00", 10, "an unknown annotation of a function type"),
    "methods out of order": (
        f"{D} 026a0000006902016200016100 0000",
        16,
        "the methods of a service type are not in order",
    ),
    "a method that is a principal": (
        f"{D} 01690103666f6f68 0100 0103caffee",
        12,
        "a method of a service type is not a function",
    ),
    "a method that is an opt": (
        f"{D} 026e7e690103666f6f00 0101 0103caffee",
        14,
        "a method of a service type is not a function",
    ),
    "a method that is a service": (
        f"{D} 01690103666f6f00 0100 0103caffee",
        12,
        "a method of a service type is not a function",
    ),
    "a method of a future type": (
        f"{D} 026600690103666f6f00 0101 0103caffee",
        14,
        "a method of a service type is not a function",
    ),
    "a method of a type that no value has": (
        f"{D} 026e7e690103666f6f00 00",
        14,
        "a method of a service type is not a function",
    ),
    "future value with references": (
        f"{D} 016600 0100 0001",
        11,
        "a value of a future type refers to memory",
    ),
    "more arguments than bytes": (f"{D} 00ff01", 7, "a count of 255 where 0 bytes are left"),
    "number of 25 bytes": (f"{D} 00017d" + "80" * 24 + "00", 31, "a number of more than 24 bytes"),
}


@pytest.mark.parametrize(("digits", "offset", "what"), REFUSED.values(), ids=REFUSED.keys())
def test_malformed_messages_are_refused(digits, offset, what):
    with pytest.raises(EvidenceError) as caught:
        raw(digits)
    assert (caught.value.where, caught.value.what) == (f"Candid byte {offset}", what)


LIMITED = {
    "types named": (
        "candid_references",
        f"{D} 016c02007e017e 0100 0001",
        3,
        "the types name more than 2 types",
    ),
    "types in the table": (
        "candid_types",
        f"{D} 036e7e6e7e6e7e 00",
        3,
        "a count of 3 is above the limit of 2",
    ),
    "arguments": ("candid_types", f"{D} 00037f7f7f", 3, "a count of 3 is above the limit of 2"),
    "values": (
        "candid_values",
        f"{D} 00037f7f7f",
        3,
        "the message describes more values than its size justifies",
    ),
    "nesting": ("candid_depth", f"{D} 026e016e7e 0100 010100", 3, "values are nested too deeply"),
    "nesting of records": (
        "candid_depth",
        f"{D} 026c0100016c01007e 0100 01",
        3,
        "values are nested too deeply",
    ),
    "nesting of vecs": ("candid_depth", f"{D} 026d016d7e 0100 010101", 3, "values are nested too deeply"),
    "nesting of variants": (
        "candid_depth",
        f"{D} 026b0100016b01007e 0100 000001",
        3,
        "values are nested too deeply",
    ),
    "bytes of a number": ("leb128_bytes", f"{D} 00017d808001", 3, "a number of more than 2 bytes"),
}


@pytest.mark.parametrize(("name", "digits", "most", "what"), LIMITED.values(), ids=LIMITED.keys())
def test_each_limit_is_the_last_that_is_taken(name, digits, most, what):
    data = bytes.fromhex(digits.replace(" ", ""))
    candid.decode(data, limits=replace(LIMITS, **{name: most}))
    with pytest.raises(EvidenceError) as caught:
        candid.decode(data, limits=replace(LIMITS, **{name: most - 1}))
    assert caught.value.what == what


def refused_beyond(data: bytes, free: int) -> str:
    """Why values that take no bytes are refused where one less is free; with ``free`` of them they are taken."""
    assert candid.decode(data, limits=replace(LIMITS, candid_free_values=free))
    with pytest.raises(EvidenceError) as caught:
        candid.decode(data, limits=replace(LIMITS, candid_free_values=free - 1))
    return caught.value.what


def test_values_that_take_no_bytes_are_free_up_to_a_number_and_four_for_each_byte():
    # record i holds record i + 1 twice, and the last one two nulls: 2^10 - 1 values in 65 bytes
    table = b"".join(b"\x6c\x02\x00" + bytes([i + 1]) + b"\x01" + bytes([i + 1]) for i in range(8))
    data = candid.MAGIC + b"\x09" + table + b"\x6c\x02\x00\x7f\x01\x7f" + b"\x01\x00"
    told = refused_beyond(data, 2**10 - 1 - 4 * len(data))
    assert told == "the message describes more values than its size justifies"


def test_a_vec_has_as_many_elements_as_there_are_bytes_and_free_values():
    data = bytes.fromhex(f"{D} 016d7f 0200 7b 03 07".replace(" ", ""))
    assert refused_beyond(data, 2) == "a vec of 3 elements where 1 bytes are left"


def test_a_function_type_with_arguments_and_results_is_read():
    # func (nat, bool) -> (text) query, and a value of it
    assert raw(f"{D} 016a 02 7d7e 01 71 01 01 0100 01 01 00 01 61") == [b"a"]
    with pytest.raises(EvidenceError, match="there is no type 5"):
        raw(f"{D} 016a 01 05 00 00 0100")
    with pytest.raises(EvidenceError, match="there is no type 6"):
        raw(f"{D} 016a 00 01 06 00 0100")


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


WRONG = {
    "number": (f"{D} 00017b07", lambda value: value.number(Primitive.NAT64), "nat64", "nat8"),
    "bool as number": (f"{D} 00017e01", lambda value: value.number(Primitive.INT32), "int32", "bool"),
    "float as number": (
        f"{D} 000172000000000000f03f",
        lambda value: value.number(Primitive.FLOAT64),
        "float64",
        "float64",
    ),
    "text": (f"{D} 00017b07", lambda value: value.text(), "text", "nat8"),
    "blob": (f"{D} 016d7e 0100 020001", lambda value: value.blob(), "vec nat8", "vec"),
    "vec": (f"{D} 00017101 61", lambda value: value.elements(), "vec", "text"),
    "record": (f"{D} 016d7b 0100 00", lambda value: value.field("a"), "record", "vec"),
    "variant": (f"{D} 016c00 0100", lambda value: value.case(), "variant", "record"),
}


@pytest.mark.parametrize(("digits", "read", "wanted", "found"), WRONG.values(), ids=WRONG.keys())
def test_a_value_of_another_type_is_refused_and_named(digits, read, wanted, found):
    with pytest.raises(EvidenceError) as caught:
        read(typed(digits))
    told = caught.value
    assert (told.what, told.expected, told.observed) == (
        "the answer holds a value of another type",
        wanted,
        found,
    )


def test_the_parts_of_composite_values():
    assert [item.raw for item in typed(f"{D} 016d7b 0100 020304").elements()] == [3, 4]
    assert [item.number(Primitive.NAT16) for item in typed(f"{D} 016d7a 0100 020300 0400").elements()] == [
        3,
        4,
    ]
    record = typed(f"{D} 016c02617b627b 0100 0506")  # the ids of "a" and "b" are their bytes
    assert [record.field(name).number(Primitive.NAT8) for name in ("a", "b")] == [5, 6]
    identifier, value = typed(f"{D} 016b02617b627a 0100 010700").case()
    assert (identifier, value.number(Primitive.NAT16)) == (ord("b"), 7)


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
