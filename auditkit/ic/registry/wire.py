"""Protocol buffers as the registry writes them: one level of a message, without knowing its type.

Unlike most readers this one takes numbers in their shortest form only, no groups, and no field of one value twice.
What is wrong in the bytes is an `EvidenceError`; bytes that are well formed and not laid out as we know them are a
`LayoutError`, so that a newer registry is never read by guessing. Parts are not copied: a message inside a message
costs what its own fields cost. Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits

_VARINT_BYTES: Final = 10
_LARGEST_FIELD: Final = (1 << 29) - 1


class LayoutError(EvidenceError):
    """Well-formed bytes whose layout this version does not know: nobody can tell what they say."""


class WireType(IntEnum):
    """How the wire holds a value. Groups (3 and 4) are refused."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


_FIXED_SIZES: Final = {WireType.FIXED64: 8, WireType.FIXED32: 4}
_WIRE_TYPES: Final = {int(kind): kind for kind in WireType}


class Field(NamedTuple):
    """One field as the wire holds it.

    Attributes:
        number: from 1.
        wire_type: how its value is written.
        value: a number, little-endian where its size is fixed; of `WireType.BYTES` the bytes, not copied.
    """

    number: int
    wire_type: WireType
    value: int | memoryview


@dataclass(frozen=True, slots=True)
class Message:
    """The fields of one message in the order of the wire, each read by its number.

    Attributes:
        name: what it is, for errors.
    """

    name: str
    fields: tuple[Field, ...]

    def _all(self, number: int, wire_type: WireType) -> list[int | memoryview]:
        found = [field for field in self.fields if field.number == number]
        for field in found:
            if field.wire_type is not wire_type:
                raise LayoutError(
                    f"field {number} of {self.name} is of another type",
                    expected=wire_type.name.lower(),
                    observed=field.wire_type.name.lower(),
                )
        return [field.value for field in found]

    def _one(self, number: int, wire_type: WireType) -> int | memoryview | None:
        found = self._all(number, wire_type)
        if len(found) > 1:
            raise LayoutError(
                f"field {number} of {self.name} stands there {len(found)} times", expected="once"
            )
        return found[0] if found else None

    def number(self, number: int) -> int | None:
        """An unsigned number, as it is written; None when the field is absent.

        Raises:
            LayoutError: it is there twice, or of another type.
        """
        value = self._one(number, WireType.VARINT)
        return value if isinstance(value, int) else None

    def view(self, number: int) -> memoryview | None:
        """Bytes, not copied; None when the field is absent. Errors are those of `number`."""
        value = self._one(number, WireType.BYTES)
        return value if isinstance(value, memoryview) else None

    def blob(self, number: int) -> bytes | None:
        """Bytes; None when the field is absent. Errors are those of `number`."""
        value = self.view(number)
        return None if value is None else bytes(value)

    def text(self, number: int) -> str | None:
        """A text; None when the field is absent.

        Raises:
            LayoutError: it is there twice, of another type, or no UTF-8.
        """
        value = self.blob(number)
        return None if value is None else self._decoded(number, value)

    def message(self, number: int, name: str, *, limits: Limits = LIMITS) -> Message | None:
        """The message that a field holds; None when the field is absent.

        Raises:
            LayoutError: it is there twice, or of another type.
            EvidenceError: it is malformed.
        """
        value = self.view(number)
        return None if value is None else read_message(value, name, limits=limits)

    def count(self, number: int) -> int:
        """How often a field is there."""
        return sum(field.number == number for field in self.fields)

    def blobs(self, number: int) -> tuple[bytes, ...]:
        """The values of a repeated field of bytes.

        Raises:
            LayoutError: one is of another type.
        """
        return tuple(
            bytes(value) for value in self._all(number, WireType.BYTES) if not isinstance(value, int)
        )

    def texts(self, number: int) -> tuple[str, ...]:
        """The values of a repeated field of texts.

        Raises:
            LayoutError: one is of another type, or no UTF-8.
        """
        return tuple(self._decoded(number, value) for value in self.blobs(number))

    def messages(self, number: int, name: str, *, limits: Limits = LIMITS) -> Iterator[Message]:
        """The messages of a repeated field, each read when it is asked for.

        Raises:
            LayoutError: one is of another type.
            EvidenceError: one is malformed.
        """
        for value in self._all(number, WireType.BYTES):
            if isinstance(value, memoryview):
                yield read_message(value, name, limits=limits)

    def one_of(self, numbers: Collection[int]) -> int | None:
        """Which of the fields of a oneof is there; None when none is.

        Raises:
            LayoutError: more than one is.
        """
        present = {field.number for field in self.fields} & set(numbers)
        if len(present) > 1:
            raise LayoutError(
                f"{self.name} holds several things of which there can be one",
                observed=f"fields {', '.join(map(str, sorted(present)))}",
            )
        return next(iter(present), None)

    def unknown(self, known: Collection[int]) -> tuple[int, ...]:
        """The numbers of the fields that are there and not in ``known``, each once, in order."""
        return tuple(sorted({field.number for field in self.fields} - set(known)))

    def _decoded(self, number: int, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise LayoutError(f"field {number} of {self.name} is no text", expected="UTF-8") from None


def read_message(data: bytes | memoryview, name: str, *, limits: Limits = LIMITS) -> Message:
    """Reads the fields of one message; parts are read when they are asked for.

    Args:
        data: the message and nothing else.
        name: what it is, for errors.
        limits: bounds on its size and on the number of its fields.

    Raises:
        EvidenceError: malformed, or beyond a limit; ``where`` names the byte.
    """
    view = memoryview(data)
    size = len(view)
    if size > limits.protobuf_bytes:
        raise EvidenceError(
            f"{name} is too large",
            expected=f"at most {limits.protobuf_bytes} bytes",
            observed=f"{size} bytes",
        )
    fields: list[Field] = []
    offset = 0
    try:
        while offset < size:
            # counted before it is listed: a message of a million fields takes the memory of as many as are allowed
            if len(fields) == limits.protobuf_fields:
                raise EvidenceError(f"more than {limits.protobuf_fields} fields", where=str(offset))
            field, offset = _read_field(view, offset)
            fields.append(field)
    except EvidenceError as error:
        error.where = f"byte {error.where} of {name}"
        raise
    return Message(name, tuple(fields))


# In what follows errors are about the byte that ``where`` names, and each function returns the offset behind what it
# read.


def _read_field(view: memoryview, offset: int) -> tuple[Field, int]:
    start = offset
    tag = view[offset]
    if tag < 0x80:
        offset += 1
    else:
        tag, offset = _read_varint(view, offset)
    number, wire_type = tag >> 3, _WIRE_TYPES.get(tag & 7)
    if wire_type is None:
        raise EvidenceError(
            "a field of a wire type that has no place here", where=str(start), observed=str(tag & 7)
        )
    if not 1 <= number <= _LARGEST_FIELD:
        raise EvidenceError(
            "a field with a number that no field can have", where=str(start), observed=str(number)
        )
    if wire_type is WireType.VARINT:
        value, offset = _read_varint(view, offset)
        return Field(number, wire_type, value), offset
    if wire_type is WireType.BYTES:
        count, offset = _read_varint(view, offset)
        return Field(number, wire_type, _take(view, offset, count)), offset + count
    count = _FIXED_SIZES[wire_type]
    return Field(number, wire_type, int.from_bytes(_take(view, offset, count), "little")), offset + count


def _take(view: memoryview, offset: int, count: int) -> memoryview:
    left = len(view) - offset
    if count > left:
        raise EvidenceError(f"{count} bytes are wanted where {left} are left", where=str(offset))
    return view[offset : offset + count]


def _read_varint(view: memoryview, offset: int) -> tuple[int, int]:
    part = view[offset : offset + _VARINT_BYTES]
    number = 0
    for place, byte in enumerate(part):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if byte == 0 and place:
                raise EvidenceError(
                    "a number in more bytes than it needs", where=str(offset), observed=str(number)
                )
            if number >= 1 << 64:
                raise EvidenceError("a number of more than 64 bits", where=str(offset))
            return number, offset + place + 1
    if len(part) == _VARINT_BYTES:
        raise EvidenceError(f"a number of more than {_VARINT_BYTES} bytes", where=str(offset))
    raise EvidenceError("the message ends inside a number", where=str(offset))
