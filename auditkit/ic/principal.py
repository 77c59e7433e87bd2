"""Principals: the names of canisters, subnets and callers.

Source: IC interface specification, "Principals" and "Textual representation of principals".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from dataclasses import dataclass
from typing import Final, Self

from auditkit.errors import EvidenceError, ParameterError

MAX_PRINCIPAL_BYTES: Final = 29


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """A principal: 0 to 29 bytes. Ordered bytewise, as canister ranges are.

    Raises:
        EvidenceError: more than 29 bytes.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) > MAX_PRINCIPAL_BYTES:
            raise EvidenceError(
                "a principal is too long",
                expected=f"at most {MAX_PRINCIPAL_BYTES} bytes",
                observed=f"{len(self.raw)} bytes",
            )

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads the textual form, checksum and grouping included; only the canonical spelling is accepted.

        Raises:
            ParameterError: not the canonical text of a principal.
        """
        joined = text.replace("-", "").upper()
        try:
            data = base64.b32decode(joined + "=" * (-len(joined) % 8))
        except (binascii.Error, ValueError):
            raise ParameterError(f"{text!r} is not the text of a principal", hint="copy it again") from None
        if len(data) < 4 or len(data) > MAX_PRINCIPAL_BYTES + 4:
            raise ParameterError(f"{text!r} is not the text of a principal: wrong length")
        principal = cls(data[4:])
        if zlib.crc32(principal.raw).to_bytes(4, "big") != data[:4]:
            raise ParameterError(
                f"{text!r} is not a principal: a letter is wrong, its checksum does not fit",
                hint="copy it again",
            )
        if (
            principal.to_text().replace("-", "").upper() != joined
        ):  # bits of the last letter that mean nothing
            raise ParameterError(
                f"{text!r} is not a principal: a letter is wrong, the last one", hint="copy it again"
            )
        if principal.to_text() != text:
            raise ParameterError(
                f"{text!r} is not the canonical text of a principal",
                expected=principal.to_text(),
                observed=text,
            )
        return principal

    @classmethod
    def self_authenticating(cls, der: bytes) -> Self:
        """The principal of a DER public key: SHA-224 of it, then 0x02. A subnet is named so after its key."""
        return cls(hashlib.sha224(der).digest() + b"\x02")

    def to_text(self) -> str:
        """The textual form: CRC-32 and bytes in lower-case base 32, in groups of five."""
        data = zlib.crc32(self.raw).to_bytes(4, "big") + self.raw
        letters = base64.b32encode(data).decode("ascii").lower().rstrip("=")
        return "-".join(letters[i : i + 5] for i in range(0, len(letters), 5))

    def __str__(self) -> str:
        return self.to_text()


GOVERNANCE: Final = Principal.from_text("rrkah-fqaaa-aaaaa-aaaaq-cai")
REGISTRY: Final = Principal.from_text("rwlgt-iiaaa-aaaaa-aaaaa-cai")
ANONYMOUS: Final = Principal(b"\x04")
