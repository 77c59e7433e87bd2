"""Candid, the interface language of canisters: a decoder, and the few arguments that we send."""

from auditkit.ic.candid.arguments import encode_nat64_argument, encode_record_argument
from auditkit.ic.candid.decoder import decode
from auditkit.ic.candid.types import (
    MAGIC,
    CompositeType,
    Opt,
    Primitive,
    Record,
    Reference,
    Typed,
    Variant,
    Vec,
    label_hash,
)

__all__ = [
    "MAGIC",
    "CompositeType",
    "Opt",
    "Primitive",
    "Record",
    "Reference",
    "Typed",
    "Variant",
    "Vec",
    "decode",
    "encode_nat64_argument",
    "encode_record_argument",
    "label_hash",
]
