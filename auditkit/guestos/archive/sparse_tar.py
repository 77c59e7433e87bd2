"""GNU tar headers, sparse ones included, read strictly.

Format: "Basic Tar Format" and "Storing Sparse Files" (old GNU format) of the GNU tar manual. Only what a
release
image is made of is read: regular members (type ``0``) and sparse ones (``S``), each name once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditkit.errors import EvidenceError
from auditkit.guestos.archive.zstd_stream import ZstdStream
from auditkit.limits import LIMITS, Limits

BLOCK = 512
_ZERO_BLOCK = bytes(BLOCK)
_SPARSE_ENTRY = 24
_REGULAR, _OLD_REGULAR, _SPARSE, _DIRECTORY = b"0", b"\0", b"S", b"5"


class UnknownMemberError(EvidenceError):
    """The archive holds a file that no release holds; ``observed`` is its name as a Python literal."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the archive; its data is next in the stream.

    Attributes:
        name: without a leading ``./``.
        size: apparent bytes of the file, holes included.
        stored: bytes of data in the archive, without padding.
        runs: offset and length of each piece of data, in order, not overlapping, none empty.
    """

    name: str
    size: int
    stored: int
    runs: tuple[tuple[int, int], ...]

    @property
    def padding(self) -> int:
        """Bytes behind the data, to the next header."""
        return -self.stored % BLOCK


def read_members(
    stream: ZstdStream, sizes: Mapping[str, int], *, limits: Limits = LIMITS
) -> Iterator[Member]:
    """The members of the archive, to the two zero blocks that end it.

    The caller consumes the data and the padding of each member before asking for the next one.

    Args:
        stream: positioned at the first header.
        sizes: the names that may occur, with the most bytes each may have.
        limits: bound on the number of runs.

    Raises:
        UnknownMemberError: any other name.
        EvidenceError: any other type, a duplicate, a wrong header checksum, a number or a sparse map
            that makes no sense, or a missing end.
        SourceError: the stream ends in the middle.
    """
    seen: set[str] = set()
    while True:
        header = stream.exactly(BLOCK)
        if header == _ZERO_BLOCK:
            if stream.exactly(BLOCK) != _ZERO_BLOCK:
                raise EvidenceError("the archive in the update image does not end as it should")
            return
        _check_header(header)
        name = _text(header[:100]).removeprefix("./")
        kind = header[156:157]
        if kind == _DIRECTORY and name in ("", "."):
            if _number(header[124:136]):
                raise EvidenceError("a folder in the update image has content")
            continue
        if name not in sizes:
            raise UnknownMemberError(
                "the update image holds a file that no release holds",
                expected=", ".join(sizes),
                observed=repr(name[:100]),
            )
        if name in seen:
            raise EvidenceError(f"the update image holds {name} twice")
        seen.add(name)
        member = _member(stream, header, name, kind, limits)
        if member.size > sizes[name]:
            raise EvidenceError(
                f"{name} in the update image is larger than any release's",
                expected=f"at most {sizes[name]} bytes",
                observed=f"{member.size} bytes",
            )
        yield member


def _check_header(header: bytes) -> None:
    if _number(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * 0x20:
        raise EvidenceError("the checksum of a file header in the update image is wrong")
    magic = header[257:265]
    if magic not in (b"ustar  \0", b"ustar\x0000"):
        raise EvidenceError("a file header in the update image is of an unknown kind", observed=repr(magic))
    if magic == b"ustar\x0000" and (any(header[345:500]) or header[156:157] == _SPARSE):
        raise EvidenceError("a file header in the update image mixes two formats")


def _member(stream: ZstdStream, header: bytes, name: str, kind: bytes, limits: Limits) -> Member:
    stored = _number(header[124:136])
    if kind in (_REGULAR, _OLD_REGULAR):
        return Member(name, stored, stored, ((0, stored),) if stored else ())
    if kind != _SPARSE:
        raise EvidenceError(f"{name} in the update image is not a regular file", observed=f"type {kind!r}")
    size = _number(header[483:495])
    runs: list[tuple[int, int]] = []
    entries, extended = header[386:482], header[482]
    end = 0
    finished = False
    while True:
        for at in range(0, len(entries), _SPARSE_ENTRY):
            entry = entries[at : at + _SPARSE_ENTRY]
            if not any(entry):
                finished = True
                continue
            offset, length = _number(entry[:12]), _number(entry[12:])
            if finished or offset < end or offset + length > size:
                raise EvidenceError(f"the map of holes of {name} in the update image makes no sense")
            end = offset + length
            if length:
                runs.append((offset, length))
        if extended not in (0, 1):
            raise EvidenceError(f"the map of holes of {name} in the update image makes no sense")
        if not extended:
            break
        if finished or len(runs) > limits.sparse_entries:
            raise EvidenceError(f"the map of holes of {name} in the update image is too long")
        block = stream.exactly(BLOCK)
        entries, extended = block[:504], block[504]
        if any(block[505:]):
            raise EvidenceError(f"the map of holes of {name} in the update image makes no sense")
    if sum(length for _, length in runs) != stored:
        raise EvidenceError(
            f"the map of holes of {name} in the update image disagrees with its size",
            expected=f"{stored} bytes",
            observed=f"{sum(length for _, length in runs)} bytes",
        )
    return Member(name, size, stored, tuple(runs))


def _text(field: bytes) -> str:
    text, _, rest = field.partition(b"\0")
    if any(rest) or not text.isascii():
        raise EvidenceError(
            "a file name in the update image makes no sense", observed=repr(field.rstrip(b"\0"))
        )
    return text.decode("ascii")


def _number(field: bytes) -> int:
    """A number in octal digits, or in base 256 when the first bit is set."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.rstrip(b"\0 ").lstrip(b" ")
    if not digits or digits.strip(b"01234567"):
        raise EvidenceError(
            "a number in a file header of the update image makes no sense", observed=repr(field)
        )
    return int(digits, 8)
