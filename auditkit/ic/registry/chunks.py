"""The parts of a large record: how to ask the registry for one, and what it answers.

Nobody certifies a part: its digest is in the certified reply, and a part that has another is refused there. Source:
dfinity/ic, rs/registry/canister/canister/registry.did (``get_chunk``).
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import candid, hash_tree, leb128
from auditkit.ic.candid import Primitive, encode_record_argument, label_hash
from auditkit.ic.certificate import read_form
from auditkit.ic.registry.reply import decode_reply
from auditkit.ic.reply_binding import reply_of
from auditkit.limits import LIMITS, Limits

GET_CHUNK: Final = "get_chunk"

_OK, _ERR = label_hash("Ok"), label_hash("Err")


def named_parts(certificate: bytes, *, limits: Limits = LIMITS) -> tuple[bytes, ...]:
    """The digests of the parts that a certificate's reply names, none of it verified.

    Returns:
        SHA-256 of each part, in order; nothing where the record comes whole, and where the reply cannot be read, which
        is for `verify_registry_answer` to say.
    """
    try:
        tree = hash_tree.parse(read_form(certificate, limits=limits).tree, limits=limits)
        hash_tree.check_well_formed(tree)
        return decode_reply(reply_of(tree)[1], limits=limits).chunk_digests or ()
    except EvidenceError:
        return ()


def get_chunk_argument(digest: bytes) -> bytes:
    """The argument of ``get_chunk``.

    Args:
        digest: SHA-256 of the part, 32 bytes.
    """
    content = b"\x01" + leb128.unsigned(len(digest)) + digest
    return encode_record_argument(
        {"content_sha256": (1, content)}, (candid.Opt(2), candid.Vec(Primitive.NAT8))
    )


def decode_chunk(reply: bytes, *, limits: Limits = LIMITS) -> bytes:
    """The part in a reply of ``get_chunk``, its digest not checked.

    Raises:
        EvidenceError: not Candid, no such reply, or the registry says why it does not give the part.
    """
    values = candid.decode(reply, limits=limits)
    if len(values) != 1:
        raise EvidenceError("the reply does not hold one value", expected="1", observed=str(len(values)))
    case, content = values[0].case()
    if case == _ERR:
        raise EvidenceError(
            "the registry does not give a part of the record", observed=ascii(content.text()[:200])
        )
    chunk = content.field("content").optional() if case == _OK else None
    if chunk is None:
        raise EvidenceError("the reply holds no part of a record")
    return chunk.blob()
