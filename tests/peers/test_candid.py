"""The binary cases of Candid's own suite, decoded as we decode: without a type first, then read at the type.

A case that the suite decodes must decode here, and one that it refuses must be refused by the decoder or by the reader
of the part. What differs stands in one of two tables, with the reason; docs/peers.md repeats it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.ic.candid import Primitive, Typed

_WIDTH = "a number is read at exactly the type that the interface gives it, so nat is not taken for int"
_IN_OPT = "a wrong type inside an opt is an error here, not a silent null: a certified part must not vanish"
STRICTER = {
    "nat <: int: 0": _WIDTH,
    "nat <: int: 1": _WIDTH,
    "nat <: int: leb (two bytes)": _WIDTH,
    "nat <: int: leb (two bytes, all bits)": _WIDTH,
    "opt true : opt bool <: opt nat": _IN_OPT,
    "opt opt true : opt opt bool <: opt nat": _IN_OPT,
    "opt opt true : opt opt bool <: opt opt nat": _IN_OPT,
    "opt: recovered coercion error under variant": _IN_OPT,
}

_NULL = "the bytes are well-formed; no part of any answer that we read is a bare null"
_BOOL = "the bytes are well-formed; no part of any answer that we read is a bool"
_PRINCIPAL = "the bytes are well-formed; no part of any answer that we read is a principal"
_REFERENCE = "the bytes are well-formed; function and service references are passed over, never called"
_COUNT = "the bytes are well-formed; who reads an answer counts its values (governance: exactly one)"
NO_READER = {
    "missing argument: empty fails": _COUNT,
    "non-null extra args": _COUNT,
    "record: type mismatch": _BOOL,
    'opt: parsing (true : bool) at "fix opt" fails': _BOOL,
    "parsing reserved as null": _NULL,
    "parsing (reserved, reserved) as (null, null)": _NULL,
    "parsing (reserved, 5) as (null, nat)": _NULL,
    "parsing record with reserved field as record with null field": _NULL,
    "parsing variant with reserved field as variant with null field": _NULL,
    "parsing vector with reserved elements as vector with null elements": _NULL,
    "parsing 5 as null": _NULL,
    "principal: reject func wire type": _PRINCIPAL,
    "principal: reject record wire type": _PRINCIPAL,
    "principal: reject opt wire type": _PRINCIPAL,
    "service: not principal": _REFERENCE,
    "func: invalid annotation": _REFERENCE,
    "service {} !<: service { foo : (text) -> (nat) }": _REFERENCE,
    "service { foo : (text) -> (nat) query } !<: service { foo : (text) -> (nat) }": _REFERENCE,
    "service { foo : (text) -> (nat) } !<: service { foo : (text) -> (nat) query }": _REFERENCE,
    "func () -> () !<: func (text) -> (nat) }": _REFERENCE,
}
_NUMBERS = {
    f"{sign}{width}" for sign in ("nat", "int") for width in ("", 8, 16, 32, 64)
}  # the numbers that `Typed` reads


class NoReader(Exception):
    """`Typed` has no reader for the type: nothing that auditkit reads is of it."""


@pytest.fixture(scope="module")
def cases(peers: Path) -> list[dict[str, Any]]:
    found = json.loads((peers / "candid" / "decoding.json").read_text())
    assert len(found) == 460
    return found


@pytest.fixture
def by_id(monkeypatch):
    """The suite names fields by their ids in digits, not by the names that these are hashes of."""
    monkeypatch.setattr("auditkit.ic.candid.types.label_hash", int)


def read(value: Typed, wanted: list[Any]) -> None:
    """Reads a value at a type with the readers that auditkit reads answers with."""
    match wanted:
        case ["prim", name] if name in _NUMBERS:
            value.number(Primitive[name.upper()])
        case ["prim", "text"]:
            value.text()
        case ["opt", content]:
            held = value.optional()
            if held is not None:
                read(held, content)
        case ["vec", content]:
            for element in value.elements():
                read(element, content)
        case ["record", fields]:
            for field, content in fields.items():
                read(value.field(field), content)
        case ["variant", variants]:
            chosen, content = value.case()
            if str(chosen) not in variants:
                raise EvidenceError("a case that the type does not have")
            read(content, variants[str(chosen)])
        case _:
            raise NoReader


def decided(case: dict[str, Any]) -> str:
    """``decodes``, ``refused``, or ``no reader``: well-formed, and of a type that auditkit never reads at."""
    try:
        values = list(candid.decode(bytes.fromhex(case["blob"])))
        wanted = json.loads(case["type"])
        values += [Typed((), Primitive.NULL, None)] * (len(wanted) - len(values))
        for value, content in zip(values, wanted, strict=False):
            read(value, content)
    except EvidenceError:
        return "refused"
    except NoReader:
        return "no reader"
    return "decodes"


def test_what_the_suite_decodes_is_decoded(cases):
    wanted = [case for case in cases if case["asserts"] == "decodes"]
    assert len(wanted) == 275
    for case in wanted:
        assert candid.decode(bytes.fromhex(case["blob"])) is not None, case


def test_what_the_suite_decodes_is_read_at_its_type(cases, by_id):
    wanted = [case for case in cases if case["asserts"] == "decodes"]
    refused = {case["description"] for case in wanted if decided(case) == "refused"}
    assert refused == set(STRICTER)
    assert sum(decided(case) == "decodes" for case in wanted) > 80


def test_what_the_suite_refuses_is_refused(cases, by_id):
    wanted = [case for case in cases if case["asserts"] == "refused at the type"]
    assert len(wanted) == 185
    assert {case["description"] for case in wanted if decided(case) != "refused"} == set(NO_READER)
    assert not [case for case in wanted if decided(case) == "decodes"]
