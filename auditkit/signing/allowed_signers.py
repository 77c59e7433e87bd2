"""The trust list: an OpenSSH ``allowed_signers`` file.

Source: ssh-keygen(1), "ALLOWED SIGNERS". Certificate authorities in it are left to ``ssh-keygen``: a DSSE signature
carries no certificate.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, EvidenceError, ParameterError
from auditkit.evidence import read_file
from auditkit.limits import MIB
from auditkit.signing.ssh_keys import fingerprint, key_type

NAMESPACE: Final = "auditkit"
"""What our SSH signatures are for; an ``allowed_signers`` line can restrict a key to it."""

_FILE_BYTES: Final = 4 * MIB
_TOKEN: Final = re.compile(r'(?:[^\s"]|"(?:\\.|[^"\\])*")+')
_OPTION: Final = re.compile(r'([A-Za-z-]+)(?:="((?:\\.|[^"\\])*)")?(?:,|\Z)')
_KEY_TYPE: Final = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
_TIME: Final = re.compile(r"(\d{8})(?:(\d{4})(\d{2})?)?(Z?)")


@dataclass(frozen=True, slots=True)
class AllowedSigner:
    """One key that may sign.

    Attributes:
        principals: the identities that the list gives the key, such as an e-mail address.
        public_key: in SSH wire form.
        namespaces: patterns of what it may sign; empty for everything.
        valid_after, valid_before: seconds since 1970, None for no bound.
    """

    principals: tuple[str, ...]
    public_key: bytes
    namespaces: tuple[str, ...] = ()
    valid_after: float | None = None
    valid_before: float | None = None

    @property
    def keyid(self) -> str:
        """The key's fingerprint."""
        return fingerprint(self.public_key)

    def objection(self, now: float) -> str:
        """Why the key may not sign audit reports at ``now`` (seconds since 1970), or nothing."""
        if self.namespaces and not _matches(NAMESPACE, self.namespaces):
            return f"the trust list does not let it sign in the namespace {NAMESPACE}"
        if self.valid_after is not None and now < self.valid_after:
            return "the trust list says that it is not valid yet"
        if self.valid_before is not None and now >= self.valid_before:
            return "the trust list says that it is not valid any more"
        return ""


@dataclass(frozen=True, slots=True)
class TrustList:
    """The keys of an ``allowed_signers`` file, without those that were revoked.

    Attributes:
        path: the file, for ``ssh-keygen``.
        signers: in the order of the file.
        revoked: keys in SSH wire form that count for nothing.
        revoked_path: the file that lists them.
    """

    path: Path
    signers: tuple[AllowedSigner, ...]
    revoked: frozenset[bytes] = frozenset()
    revoked_path: Path | None = None

    def find(self, keyid: str, now: float) -> AllowedSigner | None:
        """The first line that lets the key with this fingerprint sign at ``now``, else the first line for it."""
        lines = [signer for signer in self.signers if signer.keyid == keyid]
        return next((signer for signer in lines if not signer.objection(now)), lines[0] if lines else None)


def read_trust_list(path: Path, revoked: Path | None = None) -> TrustList:
    """Reads an ``allowed_signers`` file, and a list of revoked public keys if there is one.

    Raises:
        SourceError: a file cannot be read.
        ParameterError: a line has another form, or the list names no key.
    """
    lines = _lines(path)
    signers = tuple(signer for number, line in lines for signer in _signer(line, f"{path}, line {number}"))
    if not signers:
        raise ParameterError(
            "the trust list names no key",
            where=str(path),
            hint="write one line `auditor@example.org ssh-ed25519 AAAA...`",
        )
    gone: set[bytes] = set()
    for number, line in _lines(revoked) if revoked else ():
        tokens = _TOKEN.findall(line)
        place = f"{revoked}, line {number}"
        if len(tokens) < 2 or not _KEY_TYPE.fullmatch(tokens[0]):
            raise ParameterError("this is not a public key", where=place, hint="give public keys, one a line")
        gone.add(_key(tokens[0], tokens[1], place))
    return TrustList(path, signers, frozenset(gone), revoked)


def distinct_auditors(signers: Iterable[AllowedSigner]) -> int:
    """How many auditors the keys belong to: lines that share an identity, or a key, are one auditor's."""
    groups: list[set[str]] = []
    for signer in signers:
        names = {*(name.lower() for name in signer.principals), signer.keyid}
        touched = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names]
        groups.append(names.union(*touched))
    return len(groups)


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = read_file(path, _FILE_BYTES).decode()
    except UnicodeDecodeError:
        raise ParameterError("the list is not text", where=str(path)) from None
    except EvidenceError as error:
        raise ParameterError(error.what, where=str(path)) from None
    lines = enumerate((line.strip() for line in text.split("\n")), 1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def _signer(line: str, where: str) -> list[AllowedSigner]:
    tokens = _TOKEN.findall(line)
    has_options = len(tokens) > 1 and not _KEY_TYPE.fullmatch(tokens[1])
    if len(tokens) < 3 + has_options:
        raise ParameterError(
            "a line of the trust list is not PRINCIPALS [OPTIONS] KEYTYPE KEY",
            where=where,
            hint="see ssh-keygen(1)",
        )
    options = _options(tokens[1], where) if has_options else {}
    public_key = _key(tokens[1 + has_options], tokens[2 + has_options], where)
    if "cert-authority" in options:
        return []
    return [
        AllowedSigner(
            principals=tuple(name for name in tokens[0].replace('"', "").split(",") if name),
            public_key=public_key,
            namespaces=tuple(name for name in options.get("namespaces", "").split(",") if name),
            valid_after=_time(options, "valid-after", where),
            valid_before=_time(options, "valid-before", where),
        )
    ]


def _options(text: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    offset = 0
    while offset < len(text):
        match = _OPTION.match(text, offset)
        if match is None or match[1].lower() not in {
            "cert-authority",
            "namespaces",
            "valid-after",
            "valid-before",
        }:
            raise ParameterError(
                f"the trust list has an option that is not known: {text[offset : offset + 60]}", where=where
            )
        if match[1].lower() in found:
            raise ParameterError(f"the option {match[1]} is given twice", where=where)
        found[match[1].lower()] = match[2] or ""
        offset = match.end()
    return found


def _key(kind: str, text: str, where: str) -> bytes:
    try:
        blob = base64.b64decode(text.encode(), validate=True)
        if key_type(blob) == kind:
            return blob
    except (binascii.Error, AuditkitError):
        pass
    raise ParameterError(f"this is not a public key of type {kind}", where=where)


def _time(options: dict[str, str], name: str, where: str) -> float | None:
    if name not in options:
        return None
    match = _TIME.fullmatch(options[name])
    try:
        if match is None:
            raise ValueError
        moment = datetime.strptime(f"{match[1]}{match[2] or '0000'}{match[3] or '00'}", "%Y%m%d%H%M%S")
    except ValueError:
        raise ParameterError(f"{name} is not a time like 20261231 or 20261231235959Z", where=where) from None
    return moment.replace(tzinfo=UTC).timestamp() if match[4] else moment.astimezone().timestamp()


def _matches(text: str, patterns: Iterable[str]) -> bool:
    """OpenSSH's pattern lists: one has to match, and none that begins with ``!``."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if fnmatchcase(text, pattern[1:]):
                return False
        elif fnmatchcase(text, pattern):
            found = True
    return found
