"""What a verified attestation says: the build, by the certificate that signed it, and the files, by its statement.

Source: Fulcio's certificate extensions (docs/oid-info.md of sigstore/fulcio), in-toto's Statement v1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from auditkit.errors import EvidenceError
from auditkit.provenance.plain_json import read_plain_json

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

IN_TOTO_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"

_ARC: Final = "1.3.6.1.4.1.57264.1."
_EXTENSIONS: Final = {
    "issuer": 8,
    "workflow": 9,
    "workflow_digest": 10,
    "runner": 11,
    "repository": 12,
    "commit": 13,
    "ref": 14,
    "build_config": 18,
    "run_url": 21,
}
_UTF8_STRING: Final = 0x0C
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 2_048  # bytes of one value; real ones have a hundred


@dataclass(frozen=True, slots=True)
class AttestedFile:
    """A file that a statement is about.

    Attributes:
        sha256: 64 hex digits in lower case; None where the statement gives no such digest.
    """

    name: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Attestation:
    """A genuine attestation. What the certificate does not say is None.

    Attributes:
        names: whom the certificate is made out to.
        issuer: who told the authority what was running.
        workflow: the workflow that signed, with the ref of its own text.
        workflow_digest: the commit of that text.
        runner: ``github-hosted`` or ``self-hosted``.
        repository, commit, ref: what was built.
        build_config: the workflow that was started.
        run_url: the page of the run.
        payload_type, statement_type, predicate: what kind of statement was signed.
        subjects: the files that it is about.
        log_index: where the public log holds it.
        logged: when the log took it in, or a timestamp authority saw it.
    """

    names: tuple[str, ...]
    issuer: str | None
    workflow: str | None
    workflow_digest: str | None
    runner: str | None
    repository: str | None
    commit: str | None
    ref: str | None
    build_config: str | None
    run_url: str | None
    payload_type: str
    statement_type: str
    predicate: str
    subjects: tuple[AttestedFile, ...]
    log_index: int
    logged: datetime


def read_attestation(
    certificate: Certificate, payload_type: str, payload: bytes, *, log_index: int, logged: datetime
) -> Attestation:
    """What a certificate and the statement that it signed say.

    Raises:
        EvidenceError: one of them is malformed.
    """
    statement = _statement(payload)
    if log_index < 0:
        raise EvidenceError("the attestation has no place in the public log")
    return Attestation(
        names=_names(certificate),
        **_said(certificate),
        payload_type=payload_type[:_LONGEST],
        statement_type=_text(statement.get("_type")),
        predicate=_text(statement.get("predicateType")),
        subjects=_subjects(statement.get("subject")),
        log_index=log_index,
        logged=logged,
    )


def _said(certificate: Certificate) -> dict[str, str | None]:
    from cryptography.x509 import UnrecognizedExtension  # noqa: PLC0415  (loaded with the library that verifies)

    found = {
        extension.oid.dotted_string: extension.value.value
        for extension in certificate.extensions
        if isinstance(extension.value, UnrecognizedExtension)
    }
    return {
        name: _utf8_string(found[oid], name) if (oid := f"{_ARC}{number}") in found else None
        for name, number in _EXTENSIONS.items()
    }


def _names(certificate: Certificate) -> tuple[str, ...]:
    from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName  # noqa: PLC0415

    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    return tuple(str(name.value)[:_LONGEST] for name in names)


def _utf8_string(der: bytes, name: str) -> str:
    """The text of a DER UTF8String that fills ``der``; its length stands in its one shortest form (X.690)."""
    for head in (2, 3, 4):
        content = der[head:]
        if der == bytes([_UTF8_STRING]) + _der_length(len(content)) + content:
            break
    else:
        raise EvidenceError("a value in the certificate of an attestation is no UTF-8 string", where=name)
    if len(content) > _LONGEST:
        raise EvidenceError("a value in the certificate of an attestation is too long", where=name)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise EvidenceError("a value in the certificate of an attestation is not UTF-8", where=name) from None


def _der_length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def _statement(payload: bytes) -> Mapping[str, object]:
    value = read_plain_json(payload, "the statement of the attestation")
    if not isinstance(value, dict):
        raise EvidenceError("the statement of the attestation is no JSON object")
    return value


def _subjects(value: object) -> tuple[AttestedFile, ...]:
    if not isinstance(value, list) or not value:
        raise EvidenceError("the statement of the attestation names no files")
    found: list[AttestedFile] = []
    for item in value:
        digests = item.get("digest") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(digests, dict):
            raise EvidenceError("the statement of the attestation names a file without a digest")
        sha256 = digests.get("sha256")
        given = isinstance(sha256, str) and _SHA256.fullmatch(sha256) is not None
        found.append(AttestedFile(_text(item.get("name")), str(sha256) if given else None))
    return tuple(found)


def _text(value: object) -> str:
    """A text of the statement; empty where there is none."""
    return value[:_LONGEST] if isinstance(value, str) else ""
