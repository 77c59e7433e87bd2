"""DER, read strictly: one byte sequence has one reading, and one reading one byte sequence.

Source: ITU-T X.690 (lengths in their shortest form, definite only). auditkit reads AMD's certificates itself
because they have the serial number 0, which X.509 libraries warn about today and refuse tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
_ELEMENTS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Element:
    """One DER element.

    Attributes:
        tag: its identifier byte.
        content: the bytes inside.
        raw: all its bytes, identifier and length included.
    """

    tag: int
    content: bytes
    raw: bytes

    def expect(self, tag: int) -> Element:
        """Itself, if it has the tag.

        Raises:
            EvidenceError: it has another.
        """
        if self.tag != tag:
            raise _bad(f"an element has the tag {self.tag:#04x} where {tag:#04x} is required")
        return self

    def children(self) -> tuple[Element, ...]:
        """The elements inside a constructed one.

        Raises:
            EvidenceError: the content is not a row of elements.
        """
        found = []
        at = 0
        while at < len(self.content):
            element = _read(self.content, at)
            found.append(element)
            at += len(element.raw)
            if len(found) > _ELEMENTS_MAX:
                raise _bad("an element holds too many others")
        return tuple(found)

    def integer(self) -> int:
        """The value of an INTEGER, which is not negative and not padded.

        Raises:
            EvidenceError: it is no such integer.
        """
        value = self.expect(INTEGER).content
        padded = len(value) > 1 and value[0] == 0 and value[1] < 0x80
        if not value or value[0] >= 0x80 or padded:
            raise _bad("an integer is negative, empty or padded")
        return int.from_bytes(value, "big")

    def bits(self) -> bytes:
        """The bytes of a BIT STRING of whole bytes.

        Raises:
            EvidenceError: it is no such bit string.
        """
        content = self.expect(BIT_STRING).content
        if not content or content[0] != 0:
            raise _bad("a bit string does not consist of whole bytes")
        return content[1:]

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form.

        Raises:
            EvidenceError: it is no object identifier.
        """
        content = self.expect(OID).content
        if not content or content[-1] >= 0x80 or len(content) > 32:
            raise _bad("an object identifier is cut short or too long")
        arcs = [0]
        fresh = True
        for byte in content:
            if fresh and byte == 0x80:
                raise _bad("an object identifier is padded")
            arcs[-1] = arcs[-1] << 7 | byte & 0x7F
            fresh = byte < 0x80
            if fresh:
                arcs.append(0)
        arcs.pop()
        top = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (top, arcs[0] - 40 * top, *arcs[1:]))


def parse_der(data: bytes) -> Element:
    """The one element that ``data`` is.

    Raises:
        EvidenceError: it is not DER, or something follows.
    """
    element = _read(data, 0)
    if len(element.raw) != len(data):
        raise _bad("something follows it")
    return element


def _read(data: bytes, at: int) -> Element:
    if len(data) - at < 2:
        raise _bad("it is cut short")
    tag, length = data[at], data[at + 1]
    start = at + 2
    if tag & 0x1F == 0x1F:
        raise _bad("a tag is too long")
    if length >= 0x80:
        count = length - 0x80
        digits = data[start : start + count]
        if not 1 <= count <= 3 or len(digits) != count or digits[0] == 0:
            raise _bad("a length is not in its shortest form")
        length = int.from_bytes(digits, "big")
        if length < 0x80:
            raise _bad("a length is not in its shortest form")
        start += count
    if length > len(data) - start:
        raise _bad("it is cut short")
    return Element(tag, data[start : start + length], data[at : start + length])


def _bad(what: str) -> EvidenceError:
    return EvidenceError(f"this is not DER: {what}")
