"""SSH keys: what a public key is called, and an auditor's own private key, read from its file.

Sources: RFC 4253 section 6.6, RFC 8709, OpenSSH's PROTOCOL.key.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from auditkit.errors import AuditkitError, EvidenceError, SigningError
from auditkit.evidence import read_file

ED25519: Final = "ssh-ed25519"
PRIVATE_KEY_BYTES: Final = 64 * 1024
_ARMOUR: Final = re.compile(
    rb"\A\s*-----BEGIN OPENSSH PRIVATE KEY-----\s(.*?)-----END OPENSSH PRIVATE KEY-----\s*\Z", re.DOTALL
)
_MAGIC: Final = b"openssh-key-v1\0"

Passphrase = Callable[[str], str]
"""Asked with the name of a key file; gives its passphrase. What it gives is used once and kept nowhere."""


class Signer(Protocol):
    """Something that signs with one Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """The key in SSH wire form."""

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 over ``data``.

        Raises:
            SigningError: it could not be signed.
        """


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An Ed25519 key that was read from a file."""

    public_key: bytes
    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 over ``data``."""
        return self._key.sign(data)


def fingerprint(public_key: bytes) -> str:
    """``SHA256:`` and base64 without padding, as ``ssh-keygen -lf`` prints it, of a key in SSH wire form."""
    return "SHA256:" + base64.b64encode(sha256(public_key).digest()).decode().rstrip("=")


def read_string(data: bytes, offset: int) -> tuple[bytes, int]:
    """A string of the SSH wire format, and where the next field begins.

    Raises:
        EvidenceError: the data ends before it does.
    """
    length = int.from_bytes(data[offset : offset + 4], "big")
    end = offset + 4 + length
    if len(data) < offset + 4 or len(data) < end:
        raise EvidenceError("an SSH string is cut short")
    return data[offset + 4 : end], end


def write_string(data: bytes) -> bytes:
    """``data`` as a string of the SSH wire format."""
    return len(data).to_bytes(4, "big") + data


def key_type(public_key: bytes) -> str:
    """The type that a key in SSH wire form says it has, such as ``ssh-ed25519``.

    Raises:
        EvidenceError: it says none.
    """
    return read_string(public_key, 0)[0][:100].decode("ascii", "replace")


def ed25519_key(public_key: bytes) -> Ed25519PublicKey:
    """The Ed25519 key in SSH wire form.

    Raises:
        EvidenceError: another type of key, or malformed.
    """
    kind, offset = read_string(public_key, 0)
    if kind != ED25519.encode():
        raise EvidenceError("not an Ed25519 key", expected=ED25519, observed=key_type(public_key))
    raw, end = read_string(public_key, offset)
    if len(raw) != 32 or end != len(public_key):
        raise EvidenceError("the Ed25519 key is malformed")
    return Ed25519PublicKey.from_public_bytes(raw)


def signed_by(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether ``signature`` is one of the Ed25519 key over ``data``; false for keys of other types."""
    try:
        ed25519_key(public_key).verify(signature, data)
    except (InvalidSignature, EvidenceError):
        return False
    return True


def load_private_key(path: Path, passphrase: Passphrase) -> PrivateKey:
    """Reads an OpenSSH private key file of type Ed25519.

    Args:
        passphrase: asked only when the key is encrypted.

    Raises:
        SigningError: unreadable, not such a file, another type of key, or a wrong passphrase.
    """
    try:
        data = read_file(path, PRIVATE_KEY_BYTES)
    except AuditkitError as error:
        raise SigningError(
            error.what, where=str(path), hint="name an OpenSSH private key file, or agent"
        ) from None
    public_key, encrypted = _head(data, path)
    kind = key_type(public_key)
    if kind != ED25519:
        raise _wrong_type(kind, path)
    secret = passphrase(str(path)).encode() if encrypted else None
    try:
        key = load_ssh_private_key(data, secret)
    except UnsupportedAlgorithm:
        raise SigningError(
            "this Python cannot open the key's encryption",
            where=str(path),
            hint="add it to ssh-agent and use agent",
        ) from None
    except (ValueError, TypeError):
        what = "the passphrase is wrong" if encrypted else "the private key file is damaged"
        raise SigningError(what, where=str(path), hint="nothing was signed; try again") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _wrong_type("another", path)
    return PrivateKey(public_key, key)


def _head(data: bytes, path: Path) -> tuple[bytes, bool]:
    """The public key in a private key file, and whether the private part is encrypted."""
    armour = _ARMOUR.match(data)
    try:
        if armour is None:
            raise EvidenceError("no armour")
        body = binascii.a2b_base64(b"".join(armour[1].split()), strict_mode=True)
        if not body.startswith(_MAGIC):
            raise EvidenceError("no magic")
        cipher, offset = read_string(body, len(_MAGIC))
        _, offset = read_string(body, offset)
        _, offset = read_string(body, offset)
        public_key, _ = read_string(body, offset + 4)
        key_type(public_key)
    except (EvidenceError, binascii.Error):
        kind = " but a public key" if data.startswith((b"ssh-", b"ecdsa-", b"sk-")) else ""
        raise SigningError(
            f"this is not an OpenSSH private key file{kind}",
            where=str(path),
            hint="name a key that `ssh-keygen -t ed25519` made, or agent",
        ) from None
    return public_key, cipher != b"none"


def _wrong_type(kind: str, path: Path) -> SigningError:
    hint = "make an Ed25519 key with `ssh-keygen -t ed25519`"
    if kind.startswith("sk-"):
        hint = "keys on a security key sign with --ssh-signature"
    elif kind != "another":
        hint += ", or sign with --ssh-signature"
    return SigningError(
        f"a key of type {kind} cannot sign DSSE envelopes; Ed25519 can", where=str(path), hint=hint
    )
