"""The trust list: an OpenSSH ``allowed_signers`` file, read as ``ssh-keygen`` reads it.

Two deviations, both on the strict side: a line that cannot be understood is an error wherever it stands
(``ssh-keygen`` stops there and trusts the lines before it), and so is a day that no calendar has.

Source: ssh-keygen(1), "ALLOWED SIGNERS"; OpenSSH's sshsig.c and misc.c.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, EvidenceError, ParameterError
from auditkit.limits import MIB
from auditkit.opening import read_file
from auditkit.signing.ssh import (
    is_known_kind,
    is_too_short,
    key_type,
    plain_key,
)
from auditkit.signing.trust_list import AllowedSigner, TrustList

_FILE_BYTES: Final = 4 * MIB
_KRL_MAGIC: Final = b"SSHKRL\n\0"
_SPACE: Final = " \t\r\n"
_FIRST_FIELD: Final = re.compile(r'([^ \t\r"]*)(?:"([^"]*)"|[ \t\r])[ \t\r]*')
_PAST_OPTIONS: Final = re.compile(r'(?:\\"|"(?:\\"|[^"])*+"|[^ \t"])*+')
_OPTION: Final = re.compile(
    r'(cert-authority)|(namespaces|valid-after|valid-before)="((?:\\"|[^"])*+)"', re.IGNORECASE
)
_KEY: Final = re.compile(r"([^ \t]+)[ \t]+([^ \t]+)")
_TIME: Final = re.compile(r"([0-9]{8})(?:([0-9]{4})([0-9]{2})?)?(z|utc)?", re.IGNORECASE)


def read_trust_list(path: Path, revoked: Path | None = None) -> TrustList:
    """Reads an ``allowed_signers`` file, and what was revoked if that is given.

    Args:
        revoked: public keys, one a line, or a KRL that ``ssh-keygen -k`` made.

    Raises:
        SourceError: a file cannot be read.
        ParameterError: a line has another form, or the list names no key.
    """
    text = _read(path)
    signers = tuple(
        replace(_signer(line, f"{path}, line {number}"), line=number) for number, line in _lines(text)
    )
    if not signers:
        raise ParameterError(
            "the trust list names no key",
            where=str(path),
            hint="write one line `auditor@example.org ssh-ed25519 AAAA...`",
        )
    withdrawn = _read(revoked) if revoked else b""
    if withdrawn.startswith(_KRL_MAGIC):
        return TrustList(text, signers, revocation_list=withdrawn)
    gone: set[bytes] = set()
    for number, line in _lines(withdrawn):
        key = _key(line)
        if key is None:
            raise ParameterError(
                "this is not a public key",
                where=f"{revoked}, line {number}",
                hint="give public keys, one per line, or a KRL",
            )
        gone.add(plain_key(key))
    return TrustList(text, signers, frozenset(gone))


def _read(path: Path) -> bytes:
    try:
        return read_file(path, _FILE_BYTES)
    except EvidenceError as error:
        raise ParameterError(error.what, where=str(path)) from None


def _lines(data: bytes) -> list[tuple[int, str]]:
    text = data.decode("utf-8", "surrogateescape")  # comments may be in any encoding
    lines = enumerate((line.strip(_SPACE) for line in text.split("\n")), 1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def _signer(line: str, where: str) -> AllowedSigner:
    first = _FIRST_FIELD.match(line)
    if first is None or "\0" in line:
        raise ParameterError(
            "a line of the trust list is not PRINCIPALS [OPTIONS] KEYTYPE KEY",
            where=where,
            hint="see ssh-keygen(1)",
        )
    principals = first[1] + (first[2] or "")
    if not principals.isprintable():
        raise ParameterError("a name in the trust list is not text", where=where)
    rest = line[first.end() :]
    public_key, options = _key(rest), ""
    if public_key is None:
        match = _PAST_OPTIONS.match(rest)
        options = match[0] if match else ""
        public_key = _key(rest[len(options) :].lstrip(" \t"))
    if public_key is None:
        raise ParameterError("there is no public key of a known type and form", where=where)
    if is_too_short(public_key):
        raise ParameterError("the RSA key is too short to be safe", where=where)
    given = _options(options, where)
    after, before = _time(given, "valid-after", where), _time(given, "valid-before", where)
    if after is not None and before is not None and before <= after:
        raise ParameterError("valid-before is not later than valid-after", where=where)
    return AllowedSigner(
        principals=_patterns(principals),
        public_key=public_key,
        namespaces=_patterns(given["namespaces"]) if "namespaces" in given else None,
        valid_after=after,
        valid_before=before,
        authority="cert-authority" in given,
    )


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(pattern for pattern in text.split(",") if pattern)


def _options(text: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    offset = 0
    while offset < len(text):
        match = _OPTION.match(text, offset)
        if match is not None:
            name = (match[1] or match[2]).lower()
            if name in found and name != "cert-authority":
                raise ParameterError(f"the option {name} is given twice", where=where)
            found[name] = (match[3] or "").replace('\\"', '"')
            offset = match.end()
        if offset == len(text):
            break
        if text[offset] != "," or offset + 1 == len(text):
            shown = ascii(text[offset : offset + 60])
            raise ParameterError(f"the trust list has an option that is not known: {shown}", where=where)
        offset += 1
    return found


def _key(text: str) -> bytes | None:
    """The key that the text begins with; None if it begins with something else."""
    match = _KEY.match(text)
    if match is None or not is_known_kind(match[1]):
        return None
    try:
        blob = base64.b64decode(match[2].strip(_SPACE).encode("ascii"), validate=True)
        if key_type(blob) == match[1]:
            plain_key(blob)
            return blob
    except (binascii.Error, UnicodeEncodeError, AuditkitError):
        pass
    return None


def _time(options: dict[str, str], name: str, where: str) -> int | None:
    """Seconds since 1970. Without Z it is local time, never summer time: so does OpenSSH ask the C library."""
    if name not in options:
        return None
    match = _TIME.fullmatch(options[name])
    try:
        if match is None:
            raise ValueError
        moment = datetime.strptime(f"{match[1]}{match[2] or '0000'}{match[3] or '00'}", "%Y%m%d%H%M%S")
        if match[4]:
            seconds = int(moment.replace(tzinfo=UTC).timestamp())
        else:
            seconds = int(time.mktime((*moment.timetuple()[:8], 0)))
        if seconds <= 0:
            raise ValueError
    except (ValueError, OverflowError):
        raise ParameterError(f"{name} is not a time like 20261231 or 20261231235959Z", where=where) from None
    return seconds
