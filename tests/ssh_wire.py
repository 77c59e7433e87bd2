"""SSH keys, certificates and signatures in wire form, with any part of them replaced (RFC 4253, PROTOCOL.certkeys)."""

from __future__ import annotations

import base64
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def string(data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return len(data).to_bytes(4, "big") + data


def strings(*parts: bytes | str) -> bytes:
    return b"".join(map(string, parts))


def private(number: int) -> Ed25519PrivateKey:
    """A key that follows from a number."""
    return Ed25519PrivateKey.from_private_bytes(sha256(b"key %d" % number).digest())


def blob(number: int) -> bytes:
    """Its public half."""
    raw = private(number).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return strings("ssh-ed25519", raw)


def line(key: bytes) -> str:
    """A key or certificate as it stands in an ``allowed_signers`` file."""
    kind = key[4 : 4 + int.from_bytes(key[:4], "big")].decode()
    return f"{kind} {base64.b64encode(key).decode()}"


def key_file(number: int) -> bytes:
    """The private key as ``ssh-keygen`` writes it."""
    return private(number).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


KEYS = {
    "ssh-ed25519": (b"\1" * 32,),
    "ssh-rsa": (b"\1\0\1", b"\0" + b"\xff" * 256),
    "ssh-dss": (b"p", b"q", b"g", b"y"),
    "ecdsa-sha2-nistp256": (b"nistp256", b"\4" + b"\2" * 64),
    "ecdsa-sha2-nistp384": (b"nistp384", b"\4" + b"\2" * 96),
    "ecdsa-sha2-nistp521": (b"nistp521", b"\4" + b"\2" * 132),
    "sk-ssh-ed25519@openssh.com": (b"\1" * 32, b"ssh:"),
    "sk-ecdsa-sha2-nistp256@openssh.com": (b"nistp256", b"\4" + b"\2" * 64, b"ssh:"),
}
"""One key of each kind that OpenSSH knows: the strings behind its type."""


def key_of(kind: str) -> bytes:
    return strings(kind, *KEYS[kind])


def certificate(
    key: bytes = blob(1),
    authority: bytes = blob(9),
    *,
    kind: str | None = None,
    nonce: bytes = b"n" * 32,
    principals: tuple[bytes | str, ...] = ("alice@example.org",),
    names: bytes | None = None,
    after: int = 0,
    before: int = (1 << 64) - 1,
    signature: bytes = b"signed by nobody",
    behind: bytes = b"",
) -> bytes:
    """A certificate over ``key``; nobody signed it."""
    length = int.from_bytes(key[:4], "big")
    plain, fields = key[4 : 4 + length].decode(), key[4 + length :]
    return b"".join(
        (
            string(kind or f"{plain.removesuffix('@openssh.com')}-cert-v01@openssh.com"),
            string(nonce),
            fields,
            (7).to_bytes(8, "big"),
            (1).to_bytes(4, "big"),
            string("its id"),
            string(strings(*principals) if names is None else names),
            after.to_bytes(8, "big"),
            before.to_bytes(8, "big"),
            string(b""),
            string(strings("permit-pty", b"")),
            string(b""),
            string(authority),
            string(signature),
            behind,
        )
    )


def armoured(data: bytes, *, width: int = 70) -> bytes:
    """As ``ssh-keygen`` writes it."""
    text = base64.b64encode(data)
    rows = b"".join(text[at : at + width] + b"\n" for at in range(0, len(text), width))
    return b"-----BEGIN SSH SIGNATURE-----\n" + rows + b"-----END SSH SIGNATURE-----\n"


def raw_signature(
    key: bytes = blob(1),
    *,
    magic: bytes = b"SSHSIG",
    version: int = 1,
    namespace: bytes = b"auditkit",
    reserved: bytes = b"",
    hashed: bytes = b"sha512",
    signature: bytes = b"a signature",
    behind: bytes = b"",
) -> bytes:
    """An SSH signature that nobody made, without its armour."""
    head = magic + version.to_bytes(4, "big") + string(key)
    return head + strings(namespace, reserved, hashed, signature) + behind
