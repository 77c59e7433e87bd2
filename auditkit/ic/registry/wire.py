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
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Field:
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
    if len(view) > limits.protobuf_bytes:
        raise EvidenceError(
            f"{name} is too large",
            expected=f"at most {limits.protobuf_bytes} bytes",
            observed=f"{len(view)} bytes",
        )
    reader = _Reader(view)
    fields: list[Field] = []
    try:
        while reader.offset < len(view):
            # counted before it is listed: a message of a million fields takes the memory of as many as are allowed
            if len(fields) == limits.protobuf_fields:
                raise EvidenceError(f"more than {limits.protobuf_fields} fields")
            fields.append(reader.field())
    except EvidenceError as error:
        raise error.at(f"byte {reader.offset} of {name}") from None
    return Message(name, tuple(fields))


@dataclass(slots=True)
class _Reader:
    """A position in a message. Methods raise `EvidenceError` and leave ``offset`` near the offending byte."""

    data: memoryview
    offset: int = 0

    def field(self) -> Field:
        tag = self._varint()
        number, wire_type = tag >> 3, _WIRE_TYPES.get(tag & 7)
        if wire_type is None:
            raise EvidenceError("a field of a wire type that has no place here", observed=str(tag & 7))
        if not 1 <= number <= _LARGEST_FIELD:
            raise EvidenceError("a field with a number that no field can have", observed=str(number))
        if wire_type is WireType.VARINT:
            return Field(number, wire_type, self._varint())
        if wire_type is WireType.BYTES:
            return Field(number, wire_type, self._take(self._varint()))
        return Field(number, wire_type, int.from_bytes(self._take(_FIXED_SIZES[wire_type]), "little"))

    def _take(self, count: int) -> memoryview:
        left = len(self.data) - self.offset
        if count > left:
            raise EvidenceError(f"{count} bytes are wanted where {left} are left")
        self.offset += count
        return self.data[self.offset - count : self.offset]

    def _varint(self) -> int:
        number, start = 0, self.offset
        for place in range(_VARINT_BYTES):
            if self.offset >= len(self.data):
                raise EvidenceError("the message ends inside a number")
            byte = self.data[self.offset]
            self.offset += 1
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if byte == 0 and self.offset - start > 1:
                    raise EvidenceError("a number in more bytes than it needs", observed=str(number))
                if number >= 1 << 64:
                    raise EvidenceError("a number of more than 64 bits")
                return number
        raise EvidenceError(f"a number of more than {_VARINT_BYTES} bytes")
