from .arguments import encode_nat64_argument, encode_record_argument
from .decoder import decode
from .types import MAGIC, CompositeType, Opt, Primitive, Record, Reference, Typed, Variant, Vec, label_hash

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
