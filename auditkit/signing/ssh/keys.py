"""SSH keys: what a public key is called, and an auditor's own private key, read from its file.

Sources: RFC 4253 section 6.6, RFC 8709, OpenSSH's PROTOCOL.key.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from auditkit.errors import AuditkitError, EvidenceError, SigningError
from auditkit.opening import read_file

ED25519: Final = "ssh-ed25519"
PRIVATE_KEY_BYTES: Final = 64 * 1024

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
    if len(data) < end:
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
    try:
        key = _opened(data, path, passphrase)
    except UnsupportedAlgorithm as error:
        raise SigningError(
            f"this key cannot be opened here: {str(error).lower()}",
            where=str(path),
            hint="add it to ssh-agent and use agent, or sign with --ssh-signature",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        raise SigningError(
            f"a key of type {line.split()[0].decode()} cannot sign DSSE envelopes; Ed25519 can",
            where=str(path),
            hint="make one with `ssh-keygen -t ed25519`, or sign with --ssh-signature",
        )
    return PrivateKey(write_string(ED25519.encode()) + write_string(key.public_key().public_bytes_raw()), key)


def _opened(data: bytes, path: Path, passphrase: Passphrase) -> SSHPrivateKeyTypes:
    try:
        return load_ssh_private_key(data, None)
    except TypeError:  # it is encrypted
        secret = passphrase(str(path)).encode()
    except ValueError:
        kind = " but a public key" if data.startswith((b"ssh-", b"ecdsa-", b"sk-")) else ", or it is damaged"
        raise SigningError(
            f"this is not an OpenSSH private key file{kind}",
            where=str(path),
            hint="name a key that `ssh-keygen -t ed25519` made, or agent",
        ) from None
    try:
        return load_ssh_private_key(data, secret)
    except (ValueError, TypeError, InvalidTag):
        raise SigningError(
            "the passphrase is wrong", where=str(path), hint="nothing was signed; try again"
        ) from None
