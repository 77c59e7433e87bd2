"""Public keys of the IC: 37 fixed bytes of DER, then a compressed point of G2.

Source: IC interface specification, "Certificate" (object identifiers
1.3.6.1.4.1.44668.5.3.1.2.1 and 1.3.6.1.4.1.44668.5.3.2.1).
"""

from __future__ import annotations

import binascii
import re
from pathlib import Path
from typing import Final

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.opening import read_file

DER_PREFIX: Final = bytes.fromhex(
    "308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c05030201036100"
)
DER_BYTES: Final = len(DER_PREFIX) + 96

MAINNET_ROOT_KEY: Final = DER_PREFIX + bytes.fromhex(
    "814c0e6ec71fab583b08bd81373c255c3c371b2e84863c98a4f1e08b74235d14fb5d9c0cd546d9685f913a0c0b2cc534"
    "1583bf4b4392e467db96d65b9bb4cb717112f8472e0d5a4d14505ffd7484b01291091c5f87b98883463f98091a0baaae"
)

_PEM: Final = re.compile(rb"\A\s*-----BEGIN PUBLIC KEY-----\s(.*?)-----END PUBLIC KEY-----\s*\Z", re.DOTALL)
_HEX: Final = re.compile(rf"[0-9a-fA-F]{{{2 * DER_BYTES}}}")
_MAX_FILE_BYTES: Final = 4096


def point_of(der: bytes) -> bytes:
    """The 96-byte compressed point in a DER public key of 133 bytes.

    Raises:
        EvidenceError: another length or another prefix.
    """
    if len(der) != DER_BYTES:
        raise EvidenceError(
            "a public key has the wrong length", expected=f"{DER_BYTES} bytes", observed=f"{len(der)} bytes"
        )
    if not der.startswith(DER_PREFIX):
        raise EvidenceError(
            "a public key does not say that it is a BLS12-381 key of the Internet Computer",
            expected=DER_PREFIX.hex(),
            observed=der[: len(DER_PREFIX)].hex(),
        )
    return der[len(DER_PREFIX) :]


def parse_root_key(text: str) -> bytes:
    """Reads a root key as users name it: ``mainnet``, 266 hex digits, or the path of a DER, PEM or hex file.

    Returns:
        The DER public key, 133 bytes.

    Raises:
        ParameterError: neither of these, or not a key of the Internet Computer.
    """
    if is_named_root_key(text):
        return named_root_key(text)
    try:
        content = read_file(Path(text), _MAX_FILE_BYTES)
    except SourceError as error:
        raise ParameterError(
            f"the root key {text!r} is neither a name, nor {2 * DER_BYTES} hex digits, nor a file ({error.what})",
            hint="give mainnet, practice, the digits, or a DER, PEM or hex file",
        ) from None
    except EvidenceError:
        raise ParameterError("the file is too large for a public key", where=text) from None
    return _checked(_from_file(content, text), text)


def is_named_root_key(text: str) -> bool:
    """Whether ``text`` says a root key by itself, so that no file has to be looked at."""
    return text == "mainnet" or _HEX.fullmatch(text) is not None


def named_root_key(text: str) -> bytes:
    """The root key that a text says by itself: ``mainnet`` or 266 hex digits, never a file.

    What others wrote, such as the record of an audit, is read with this: it must not name files of this machine.

    Raises:
        ParameterError: another text, or not a key of the Internet Computer.
    """
    if text == "mainnet":
        return MAINNET_ROOT_KEY
    if _HEX.fullmatch(text):
        return _checked(bytes.fromhex(text), "the root key")
    raise ParameterError(f"the root key is neither mainnet nor {2 * DER_BYTES} hex digits", where="root_key")


def _from_file(content: bytes, name: str) -> bytes:
    if content.startswith(b"\x30\x81"):
        return content
    pem = _PEM.match(content)
    try:
        if pem:
            return binascii.a2b_base64(b"".join(pem.group(1).split()), strict_mode=True)
        return bytes.fromhex(content.decode("ascii").strip())
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ParameterError(
            "the file holds no public key", where=name, hint="name a DER, PEM or hex file"
        ) from None


def _checked(der: bytes, name: str) -> bytes:
    try:
        point_of(der)
    except EvidenceError as error:
        raise ParameterError(
            error.what, where=name, expected=error.expected, observed=error.observed
        ) from None
    return der
