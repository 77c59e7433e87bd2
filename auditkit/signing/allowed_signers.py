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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, EvidenceError, ParameterError
from auditkit.evidence import read_file
from auditkit.limits import MIB
from auditkit.signing.patterns import list_matches, may_be_alike, names_somebody
from auditkit.signing.ssh_certificates import (
    Certificate,
    is_known_kind,
    is_too_short,
    keyid_of,
    plain_key,
    read_certificate,
)
from auditkit.signing.ssh_keys import key_type

NAMESPACE: Final = "auditkit"
"""What our SSH signatures are for; an ``allowed_signers`` line can restrict a key to it."""

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


@dataclass(frozen=True, slots=True)
class AllowedSigner:
    """One line: a key that may sign, or an authority whose certificates may.

    Attributes:
        principals: patterns of the identities that the line names, such as an e-mail address.
        public_key: in SSH wire form; a certificate stands for itself alone.
        namespaces: patterns of what it may sign, None for everything. An empty list allows nothing.
        valid_after, valid_before: seconds since 1970, both inclusive; None for no bound.
        authority: the key signs certificates, and nothing that it signs itself counts.
    """

    principals: tuple[str, ...]
    public_key: bytes
    namespaces: tuple[str, ...] | None = None
    valid_after: int | None = None
    valid_before: int | None = None
    authority: bool = False

    @property
    def keyid(self) -> str:
        """The key's fingerprint, as ``ssh-keygen -lf`` prints it."""
        return keyid_of(self.public_key)

    def objection(self, now: float) -> str:
        """Why the line lets nobody sign audit reports at ``now`` (seconds since 1970), or nothing."""
        if not names_somebody(self.principals):
            return "the trust list names nobody beside it"
        if self.namespaces is not None and not list_matches(NAMESPACE, self.namespaces):
            return f"the trust list does not let it sign in the namespace {NAMESPACE}"
        if self.valid_after is not None and int(now) < self.valid_after:
            return "the trust list says that it is not valid yet"
        if self.valid_before is not None and int(now) > self.valid_before:
            return "the trust list says that it is not valid any more"
        return ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a trust list says of a key at one moment.

    Attributes:
        principals: the identities by which it counts, or would.
        identities: all that the list and its certificate give the key; auditors are told apart by them.
        keyid: fingerprint of the key, without its certificate.
        objection: why what it signs does not count, or nothing.
        certified_as: the identity by which its certificate counts, which only ``ssh-keygen`` can confirm; else empty.
    """

    principals: tuple[str, ...]
    identities: tuple[str, ...]
    keyid: str
    objection: str = ""
    certified_as: str = ""


@dataclass(frozen=True, slots=True)
class TrustList:
    """The lines of an ``allowed_signers`` file, and what was revoked.

    Attributes:
        text: the file, for ``ssh-keygen``.
        signers: in the order of the file.
        revoked: keys in SSH wire form, without certificates; they and what they certify count for nothing.
        revocation_list: a KRL, which only ``ssh-keygen`` can read.
        by_keyid: the lines for each key, certificates of it among them.
    """

    text: bytes
    signers: tuple[AllowedSigner, ...]
    revoked: frozenset[bytes] = frozenset()
    revocation_list: bytes | None = None
    by_keyid: Mapping[str, Sequence[AllowedSigner]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, list[AllowedSigner]] = {}
        for line in self.signers:
            found.setdefault(line.keyid, []).append(line)
        object.__setattr__(self, "by_keyid", found)

    def find(self, keyid: str, now: float) -> AllowedSigner | None:
        """The first line that lets the plain key with this fingerprint sign at ``now``, else the first line for it."""
        lines = [
            line
            for line in self.by_keyid.get(keyid, ())
            if not line.authority and read_certificate(line.public_key) is None
        ]
        return next((line for line in lines if not line.objection(now)), lines[0] if lines else None)

    def standing(self, public_key: bytes, now: float) -> Standing | None:
        """What the list says of a key or a certificate at ``now`` (seconds since 1970); None if nothing.

        As ``ssh-keygen`` has it, any one line is enough; another line for the same key takes nothing away.

        Raises:
            EvidenceError: a type of key that is not known, or malformed.
        """
        certificate = read_certificate(public_key)
        inside = certificate.public_key if certificate else public_key
        keyid = keyid_of(inside)
        own = [line for line in self.by_keyid.get(keyid, ()) if not line.authority]
        lines = [(line.principals, line.objection(now), "") for line in own if line.public_key == public_key]
        if certificate:
            lines += [
                _vouched(line, certificate, now)
                for line in self.by_keyid.get(keyid_of(certificate.authority), ())
                if line.authority
            ]
        if not lines:
            return None
        principals, objection, certified_as = next((line for line in lines if not line[1]), lines[0])
        if inside in self.revoked or (certificate and certificate.authority in self.revoked):
            objection = "it was revoked"
        names = [name for line in own for name in line.principals]
        names += [name for given, _, identity in lines if identity for name in given]
        return Standing(principals, tuple(dict.fromkeys(names)), keyid, objection, certified_as)


def _vouched(line: AllowedSigner, certificate: Certificate, now: float) -> tuple[tuple[str, ...], str, str]:
    """The identities of a certificate that an authority's line allows, an objection, and the first of them."""
    names = tuple(name for name in certificate.principals if list_matches(name, line.principals))
    objection = line.objection(now)
    if not objection and not names:
        objection = "the trust list does not let the authority vouch for a name of the certificate"
    if not objection and int(now) < certificate.valid_after:
        objection = "its certificate is not valid yet"
    if not objection and int(now) >= certificate.valid_before:
        objection = "its certificate is not valid any more"
    return names or certificate.principals, objection, names[0] if names else ""


def read_trust_list(path: Path, revoked: Path | None = None) -> TrustList:
    """Reads an ``allowed_signers`` file, and what was revoked if that is given.

    Args:
        revoked: public keys, one a line, or a KRL that ``ssh-keygen -k`` made.

    Raises:
        SourceError: a file cannot be read.
        ParameterError: a line has another form, or the list names no key.
    """
    text = _read(path)
    signers = tuple(_signer(line, f"{path}, line {number}") for number, line in _lines(text))
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
                hint="give public keys, one a line, or a KRL",
            )
        gone.add(plain_key(key))
    return TrustList(text, signers, frozenset(gone))


def distinct_auditors(standings: Iterable[Standing]) -> int:
    """How many auditors the keys belong to: those that share an identity, or a key, are one auditor's.

    A pattern shares an identity with everything that it can match, so that ``*@example.org`` beside
    ``alice@example.org`` counts once.
    """
    groups: list[list[Standing]] = []
    for standing in standings:
        touched = [group for group in groups if any(_of_one_auditor(standing, other) for other in group)]
        groups = [group for group in groups if group not in touched]
        groups.append([standing, *(other for group in touched for other in group)])
    return len(groups)


def _of_one_auditor(one: Standing, other: Standing) -> bool:
    return one.keyid == other.keyid or may_be_alike(one.identities, other.identities)


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
