"""The forms of public SSH keys, and SSH certificates: the key inside, and who vouches for it.

Sources: RFC 4253 section 6.6, RFC 5656, RFC 8709; OpenSSH's PROTOCOL.certkeys and PROTOCOL.u2f.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.signing.ssh.keys import fingerprint, key_type, read_string, write_string

RSA_BITS: Final = 1024
"""The shortest RSA key that OpenSSH takes."""

_CERTIFIED: Final = "-cert-v01@openssh.com"
_FIELDS: Final = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ssh-dss": 4,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
"""Strings behind the type of a key."""
_PLAIN: Final = {kind.removesuffix("@openssh.com") + _CERTIFIED: kind for kind in _FIELDS}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an SSH certificate says; that its authority signed it is not verified here.

    Attributes:
        public_key: the certified key in SSH wire form.
        authority: the key that signed, in SSH wire form.
        principals: identities of the key; those that cannot be printed are left out.
        valid_after, valid_before: seconds since 1970, the second one exclusive.
    """

    public_key: bytes
    authority: bytes
    principals: tuple[str, ...]
    valid_after: int
    valid_before: int


def is_known_kind(kind: str) -> bool:
    """Whether keys or certificates of this type can be told apart here."""
    return kind in _FIELDS or kind in _PLAIN


def read_certificate(public_key: bytes) -> Certificate | None:
    """What the certificate says; None for a key without one.

    Raises:
        EvidenceError: a type of key that is not known, or malformed.
    """
    kind = key_type(public_key)
    certified = _PLAIN.get(kind)
    if kind not in _FIELDS and certified is None:
        raise EvidenceError("a type of key that is not known", observed=kind)
    _, offset = read_string(public_key, 0)
    if certified is not None:
        _, offset = read_string(public_key, offset)  # the nonce
    fields: list[bytes] = []
    for _ in range(_FIELDS[certified or kind]):
        value, offset = read_string(public_key, offset)
        fields.append(value)
    _check_fields(certified or kind, fields)
    if certified is None:
        if offset != len(public_key):
            raise EvidenceError("bytes after the key")
        return None
    inside = b"".join(write_string(value) for value in (certified.encode(), *fields))
    offset += 12  # serial number and kind of certificate
    _, offset = read_string(public_key, offset)
    names, offset = read_string(public_key, offset)
    after, before = (int.from_bytes(public_key[start : start + 8], "big") for start in (offset, offset + 8))
    offset += 16
    for _ in range(3):  # critical options, extensions, reserved
        _, offset = read_string(public_key, offset)
    authority, offset = read_string(public_key, offset)
    _, offset = read_string(public_key, offset)
    if offset != len(public_key) or key_type(authority) not in _FIELDS:
        raise EvidenceError("the certificate is malformed")
    read_certificate(authority)
    return Certificate(inside, authority, _names(names), after, before)


def plain_key(public_key: bytes) -> bytes:
    """The key without its certificate, in SSH wire form.

    Raises:
        EvidenceError: a type of key that is not known, or malformed.
    """
    certificate = read_certificate(public_key)
    return public_key if certificate is None else certificate.public_key


def keyid_of(public_key: bytes) -> str:
    """What ``ssh-keygen -lf`` prints of a key or a certificate: the fingerprint of the key inside.

    Raises:
        EvidenceError: a type of key that is not known, or malformed.
    """
    return fingerprint(plain_key(public_key))


def is_too_short(public_key: bytes) -> bool:
    """Whether it is an RSA key that OpenSSH refuses for its length; the key has to be well-formed."""
    plain = plain_key(public_key)
    if key_type(plain) != "ssh-rsa":
        return False
    _, offset = read_string(plain, 0)
    _, offset = read_string(plain, offset)
    return int.from_bytes(read_string(plain, offset)[0], "big").bit_length() < RSA_BITS


def _check_fields(kind: str, fields: list[bytes]) -> None:
    if kind.endswith("ssh-ed25519") or kind.startswith("sk-ssh-ed25519"):
        right = len(fields[0]) == 32
    elif "ecdsa" in kind:
        right = fields[0].decode("ascii", "replace") == kind.partition("@")[0].rpartition("-")[2]
    else:
        right = all(fields)
    if not right:
        raise EvidenceError("the key is malformed", observed=kind)


def _names(data: bytes) -> tuple[str, ...]:
    found, offset = [], 0
    while offset < len(data):
        name, offset = read_string(data, offset)
        text = name.decode("utf-8", "replace")
        if text and text.isprintable() and "\ufffd" not in text:
            found.append(text)
    return tuple(found)
