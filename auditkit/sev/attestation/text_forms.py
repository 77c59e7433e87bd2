"""Bytes that somebody wrote down as text: hex digits, dumps, base 64, C arrays.

Source: the output of `xxd` (plain, with offsets, ``-p`` and ``-i``), `hexdump -C`, `od -t x1` and `base64`.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Sequence
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DUMP_LINE: Final = re.compile(r"(?:([0-9A-Fa-f]{6,8})(:?)(?:\s+(\S.*))?|\*)")
_DUMP_LINE_CHARACTERS: Final = 400  # sixteen bytes take 80; xxd -c 64 writes 240
_BASE_64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


def without_mark(data: bytes) -> bytes:
    """``data`` as UTF-8 without the byte order mark that some editors and shells put before a text.

    Raises:
        EvidenceError: there is such a mark, and no text behind it.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.removeprefix(mark).decode(encoding).encode("utf-8")
            except UnicodeError:
                raise EvidenceError("the file begins like text but is not text") from None
    return data


def text_of(data: bytes) -> str | None:
    """``data`` as text; None when it is empty or holds bytes that texts do not hold, as every raw report does."""
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    return None if not text or _CONTROLS.search(text) else text


def read_written_bytes(text: str) -> tuple[str, bytes] | None:
    """The bytes that ``text`` writes down, and the name of the form; None when it is in none of the forms.

    A text that is hex digits throughout is read as such, although base 64 has the same digits.

    Raises:
        EvidenceError: it is in one of the forms, and cut short or ambiguous.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for name, read in (("a hex dump", _dump), ("hex digits", _hex), ("base 64", _base_64)):
        found = read(lines)
        if found is not None:
            return name, found
    return None


def _dump(lines: Sequence[str]) -> bytes | None:
    """Rows that begin with their offset, in hex or (as `od` writes it) octal; ``*`` repeats the row before it."""
    if any(len(line) > _DUMP_LINE_CHARACTERS for line in lines):
        return None
    rows = [row for line in lines if (row := _DUMP_LINE.fullmatch(line))]
    if len(rows) < max(2, len(lines)) or rows[0][1] is None:
        return None
    for base in (16, 8):
        content: bytearray | None = bytearray()
        before, repeated = b"", False
        for row in rows:
            if content is None:
                break
            if row[1] is None:
                repeated = True
                continue
            content = _padded(content, before if repeated else b"", row[1], base)
            repeated = False
            if content is not None and row[3]:
                before = _row(row[3], colon=bool(row[2]))
                content += before
        if content is not None:
            return bytes(content)
    return None


def _padded(content: bytearray, before: bytes, offset: str, base: int) -> bytearray | None:
    """``content`` up to an offset, with the row before it repeated; None when that does not come out even."""
    try:
        at = int(offset, base)
    except ValueError:
        return None
    missing = at - len(content)
    if missing == 0:
        return content
    if missing < 0 or not before or missing % len(before) or at > LIMITS.attestation_bytes:
        return None
    return content + before * (missing // len(before))


def _row(text: str, *, colon: bool) -> bytes:
    """The bytes of one row; what `xxd` and `hexdump -C` show beside them as characters is left out."""
    digits = re.split(r"\s{2,}", text, maxsplit=1)[0] if colon else re.split(r"\s+[|>]", text, maxsplit=1)[0]
    groups = digits.split()
    if not colon and any(len(group) != 2 for group in groups):
        raise EvidenceError(
            "this is a dump in words, and the order of the bytes in a word is unknown",
            expected="one byte at a time, as xxd, hexdump -C and od -t x1 write them",
            observed=text[:60],
        )
    try:
        return bytes.fromhex("".join(groups))
    except ValueError:
        raise EvidenceError("a row of the hex dump does not hold whole bytes", observed=text[:60]) from None


def _hex(lines: Sequence[str]) -> bytes | None:
    text = "\n".join(lines)
    declared, brace, array = text.partition("{")
    if brace and "char" in declared:
        text = array.partition("}")[0]
    groups = [group for group in re.split(r"[\s:,;]+", text) if group]
    if all(re.fullmatch(r"0[xX][0-9A-Fa-f]{1,2}", group) for group in groups) and groups:
        return bytes(int(group, 16) for group in groups)
    if groups and re.match(r"0[xX]", groups[0]):
        groups[0] = groups[0][2:]
    digits = "".join(groups)
    if not re.fullmatch(r"[0-9A-Fa-f]+", digits):
        return None
    # Lines may break anywhere, but what is set apart within a line is whole bytes.
    within = (group for line in lines for group in re.split(r"[ \t:,;]+", line)[1:-1])
    if len(digits) % 2 or any(len(group) % 2 for group in within):
        raise EvidenceError("the hex digits of the attestation report are cut short")
    return bytes.fromhex(digits)


def _base_64(lines: Sequence[str]) -> bytes | None:
    text = "".join(lines)
    if not _BASE_64.fullmatch(text):
        return None
    text = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise EvidenceError("the base 64 of the attestation report is cut short") from None
