"""Bundles of attestations as they come: one in a file, several in GitHub's answer, or one a line.

Source: sigstore's protobuf-specs (bundle v0.3), GitHub's REST API ("List attestations"), ``gh attestation download``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits
from auditkit.provenance.plain_json import read_plain_json

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle"
"""How the type of every bundle begins, whatever its version."""

_FIELDS: Final = frozenset({"mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"})
_WHAT: Final = "it"


@dataclass(frozen=True, slots=True)
class Bundle:
    """One bundle, not verified.

    Attributes:
        data: its JSON in UTF-8, with the fields of a bundle alone, on one line.
        media_type: which form it says it has.
    """

    data: bytes
    media_type: str


def read_bundles(data: bytes, *, limits: Limits = LIMITS) -> tuple[Bundle, ...]:
    """The bundles in a file or in an answer of GitHub; nothing about them is verified.

    Returns:
        None of them where the answer says that there are none.

    Raises:
        EvidenceError: neither a bundle, nor GitHub's answer, nor a bundle a line; or beyond a limit.
    """
    if len(data) > limits.attestations_bytes:
        raise EvidenceError(
            "it is larger than any real file of attestations",
            expected=f"at most {limits.attestations_bytes:,} bytes",
            observed=f"{len(data):,} bytes",
        )
    found = list(_values(data, limits))
    if len(found) > limits.attestations:
        raise EvidenceError(
            "there are more attestations than of any real release",
            expected=f"at most {limits.attestations}",
            observed=f"{len(found):,}",
        )
    return tuple(_bundle(value) for value in found)


def _values(data: bytes, limits: Limits) -> Iterator[object]:
    lines = [line for line in data.split(b"\n") if line.strip()]
    if len(lines) > 1 and all(line.strip().endswith(b"}") and line.startswith(b"{") for line in lines):
        yield from (read_plain_json(line, _WHAT) for line in lines[: limits.attestations + 1])
        return
    value = read_plain_json(data, _WHAT)
    if isinstance(value, dict) and isinstance(listed := value.get("attestations"), list):
        yield from listed
        return
    yield value


def _bundle(value: object) -> Bundle:
    """The bundle in ``value``, which may be an entry of GitHub's list around one."""
    if isinstance(value, dict) and "mediaType" not in value and "bundle" in value:
        value = value["bundle"]
    if value is None:
        raise EvidenceError("an attestation is listed without its bundle")
    media_type = value.get("mediaType") if isinstance(value, dict) else None
    if (
        not isinstance(value, dict)
        or not isinstance(media_type, str)
        or not media_type.startswith(MEDIA_TYPE)
        or not value.keys() <= _FIELDS
    ):
        raise EvidenceError("it holds no bundle of an attestation", expected=f"mediaType {MEDIA_TYPE}…")
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Bundle(data.encode() + b"\n", media_type)
