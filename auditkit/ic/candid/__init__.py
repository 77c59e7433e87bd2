"""Candid, the interface language of canisters: a decoder, and the one argument that we encode."""

from auditkit.ic.candid.decoder import (
    MAGIC,
    decode,
    encode_nat64_argument,
)
from auditkit.ic.candid.types import (
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
    "label_hash",
]
