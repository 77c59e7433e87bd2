"""The question to the registry canister: which record, and as of which version of the registry.

Source: dfinity/ic, rs/registry/transport (``RegistryGetValueRequest``); the argument is a protocol buffer, no Candid.
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import leb128
from auditkit.ic.registry.wire import LayoutError, read_message
from auditkit.limits import LIMITS, Limits

GET_VALUE: Final = "get_value"

_VERSION, _KEY = 1, 2
_VERSION_NUMBER = 1


def get_value_argument(key: str, version: int | None = None, *, limits: Limits = LIMITS) -> bytes:
    """The argument of ``get_value``.

    Args:
        key: the key of a record, such as ``replica_version_<40 hex digits>``.
        version: the version of the registry that is asked about; None for the newest.

    Raises:
        ParameterError: no key, one that is too long, or a version that does not fit 64 bits.
    """
    encoded = key.encode("utf-8")
    if not 1 <= len(encoded) <= limits.registry_key_bytes:
        raise ParameterError(
            "this cannot be the key of a record in the registry",
            expected=f"1 to {limits.registry_key_bytes} bytes",
            observed=f"{len(encoded)} bytes",
        )
    if version is not None and not 0 <= version < 1 << 64:
        raise ParameterError(f"{version} cannot be a version of the registry", hint="give a 64-bit number")
    about = (
        b""
        if version is None
        else _part(_VERSION, b"" if version == 0 else b"\x08" + leb128.unsigned(version))
    )
    return about + _part(_KEY, encoded)


def read_get_value_argument(argument: bytes, *, limits: Limits = LIMITS) -> tuple[str, int | None]:
    """The key and the version that a call of ``get_value`` asked about; the version is None for the newest.

    Raises:
        EvidenceError: it is no such argument, or says more than one.
    """
    message = read_message(argument, "the argument of get_value", limits=limits)
    if unknown := message.unknown((_VERSION, _KEY)):
        raise LayoutError(
            "the argument of get_value has a field that is not known", observed=f"field {unknown[0]}"
        )
    key = message.text(_KEY)
    if not key:
        raise EvidenceError("the argument of get_value names no record")
    version = message.message(_VERSION, "the version in the argument of get_value", limits=limits)
    if version is None:
        return key, None
    if unknown := version.unknown((_VERSION_NUMBER,)):
        raise LayoutError(
            "the version asked about has a field that is not known", observed=f"field {unknown[0]}"
        )
    return key, version.number(_VERSION_NUMBER) or 0


def _part(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + leb128.unsigned(len(content)) + content
