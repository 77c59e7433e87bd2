"""The few arguments that we send, as Candid messages.

Source: dfinity/candid, spec/Candid.md ("Binary Format").
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from auditkit.ic import leb128
from auditkit.ic.candid.types import MAGIC, OPT, RECORD, VEC, Opt, Record, TypeRef, Vec, label_hash

Written: TypeAlias = tuple[TypeRef, bytes]
"""A value: its type, as a `Primitive` or a place in the type table, and its bytes."""


def encode_nat64_argument(number: int) -> bytes:
    """The Candid message ``(number : nat64)``, the argument of ``get_proposal_info``."""
    return MAGIC + b"\x00\x01\x78" + struct.pack("<Q", number)


def encode_record_argument(fields: Mapping[str, Written], types: Sequence[Opt | Vec | Record] = ()) -> bytes:
    """The Candid message that holds one record.

    Args:
        fields: by name; a type of its own is a place in the type table.
        types: the type table from place 1 on; the record itself is at place 0.
    """
    members = sorted((label_hash(name), *written) for name, written in fields.items())
    record = Record(tuple((label, ref) for label, ref, _ in members))
    table = b"".join(_definition(kind) for kind in (record, *types))
    values = b"".join(value for _, _, value in members)
    return MAGIC + leb128.unsigned(1 + len(types)) + table + b"\x01\x00" + values


def _definition(kind: Opt | Vec | Record) -> bytes:
    match kind:
        case Opt(content):
            return leb128.signed(OPT) + leb128.signed(content)
        case Vec(content):
            return leb128.signed(VEC) + leb128.signed(content)
        case Record(fields):
            parts = b"".join(leb128.unsigned(label) + leb128.signed(ref) for label, ref in fields)
            return leb128.signed(RECORD) + leb128.unsigned(len(fields)) + parts
