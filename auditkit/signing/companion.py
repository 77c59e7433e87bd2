"""SSH signatures beside the bundle, for keys that sign nothing else, such as those on a FIDO security key.

The signed file is the auditor's report statement, the same bytes that a DSSE envelope would hold. ``ssh-keygen`` makes
and verifies the signature, so every kind of key works that it knows, with the trust list's own rules.

Source: OpenSSH's PROTOCOL.sshsig; ssh-keygen(1), ``-Y sign`` and ``-Y verify``.
"""

from __future__ import annotations

import base64
import binascii
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, EvidenceError, SigningError
from auditkit.evidence import write_together
from auditkit.opening import read_file
from auditkit.report import only_writer
from auditkit.signing.bundle import BUNDLE_BYTES
from auditkit.signing.line_ends import ONLY_LINE_ENDS, unix_line_ends
from auditkit.signing.sign import prepare_statement
from auditkit.signing.signed_already import require_unsigned
from auditkit.signing.ssh import NAMESPACE, key_type, keyid_of, last_line, read_string, ssh_keygen
from auditkit.signing.statement import ReportStatement, parse_report_statement, statement_bytes

_SIGNATURE_BYTES: Final = 64 * 1024
_TOUCH_SECONDS: Final = 180  # whoever signs may have to find and touch a security key
_PUBLIC_KEY: Final = re.compile(rb"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+ ([A-Za-z0-9+/=]+)(?: .*)?\n?")
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
_LINE: Final = 70


@dataclass(frozen=True, slots=True)
class Companion:
    """An SSH signature over a report statement; nothing in it is verified yet.

    Attributes:
        name: of the statement's file; the signature's has ``.sig`` behind it.
        keyid: fingerprint of the key in the signature, or of the key inside the certificate there.
        kind: type of that key or certificate.
        public_key: that key or certificate in SSH wire form.
        payload: the bytes of the statement.
        signature: the armoured signature.
    """

    name: str
    statement: ReportStatement
    keyid: str
    kind: str
    public_key: bytes
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def sign_companion(
    folder: Path,
    key: Path,
    *,
    auditor: str | None = None,
    now: float | None = None,
    seen: str | None = None,
) -> tuple[str, Path]:
    """Writes an auditor's statement and an SSH signature over it into a report folder.

    Args:
        key: a private key file that ``ssh-keygen`` can use (it asks for passphrase or touch itself), or a public key
            file whose private half is in ssh-agent; ``<key>.pub`` has to be beside a private key.
        auditor, now, seen: see `auditkit.signing.sign_report`.

    Returns:
        The key's fingerprint and the statement's path.

    Raises:
        SigningError: ``ssh-keygen`` is missing or does not sign, the key has signed already, or the folder is not as
            its `audit.json` says; the folder is then as it was.
        SourceError: there is no finished report, or another program is writing to the folder.
    """
    program = ssh_keygen()
    public_key, keyid = _public_half_and_keyid(key)
    statement = prepare_statement(folder, keyid, auditor=auditor, now=now, seen=seen)
    require_unsigned(folder, keyid)
    payload = statement_bytes(statement)
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        file = Path(work) / "statement.json"
        file.write_bytes(payload)
        command = [program, "-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(file)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=_TOUCH_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SigningError(f"ssh-keygen did not sign: {error}"[:200], where=str(key)) from None
        if done.returncode:
            raise SigningError(
                f"ssh-keygen did not sign: {last_line(done.stderr)}",
                where=str(key),
                hint="nothing was written",
            )
        signature = file.with_name("statement.json.sig").read_bytes()
    place = folder / f"report.statement-{sha256(public_key).hexdigest()[:16]}.json"
    if _public_key(signature) != public_key:
        raise SigningError("ssh-keygen signed with another key", where=str(key))
    with only_writer(folder):
        require_unsigned(folder, keyid)  # somebody may have signed with it while the key was touched
        try:
            write_together({place: payload, place.with_name(f"{place.name}.sig"): signature})
        except AuditkitError as error:
            raise SigningError(error.what, where=error.where, hint="nothing was written") from None
    return keyid, place


def companion_keyid(key: Path) -> str:
    """The fingerprint of the key that `sign_companion` would sign with.

    Raises:
        SigningError: its public half is missing or cannot be used.
    """
    return _public_half_and_keyid(key)[1]


def _public_half_and_keyid(key: Path) -> tuple[bytes, str]:
    public_key = _public_half(key)
    try:
        return public_key, keyid_of(public_key)
    except EvidenceError as error:
        raise SigningError(
            f"the public half of the key cannot be used: {error.what}", where=str(key)
        ) from None


def read_companion(folder: Path, name: str) -> Companion:
    """The companion whose statement is in the file ``name``.

    Raises:
        EvidenceError: one of the two files is missing or malformed, or they are about different keys.
    """
    try:
        payload = read_file(folder / name, BUNDLE_BYTES)
        signature = read_file(folder / f"{name}.sig", _SIGNATURE_BYTES)
    except AuditkitError as error:
        raise EvidenceError(error.what, where=error.where or f"{name}.sig") from None
    try:
        return _companion(name, payload, signature)
    except EvidenceError as error:
        try:
            _companion(name, unix_line_ends(payload), unix_line_ends(signature))
        except EvidenceError:
            raise error from None
        raise EvidenceError(f"changed {ONLY_LINE_ENDS}", where=name) from None


def _companion(name: str, payload: bytes, signature: bytes) -> Companion:
    try:
        public_key = _public_key(signature)
        keyid = keyid_of(public_key)
    except EvidenceError as error:
        raise EvidenceError(error.what, where=error.where or f"{name}.sig") from None
    try:
        statement = parse_report_statement(payload)
    except EvidenceError as error:
        raise error.at(name) from None
    named = f"report.statement-{sha256(public_key).hexdigest()[:16]}.json"
    if statement.predicate.auditor.keyid != keyid or name != named:
        raise EvidenceError("the statement is not about the key that signed it", where=name)
    return Companion(name, statement, keyid, key_type(public_key), public_key, payload, signature)


def _public_half(key: Path) -> bytes:
    """The public key in SSH wire form, from the file itself or from the one beside it."""
    for path in (key, key.with_name(f"{key.name}.pub")):
        try:
            match = _PUBLIC_KEY.fullmatch(read_file(path, _SIGNATURE_BYTES))
            if match:
                return base64.b64decode(match[1], validate=True)
        except (AuditkitError, binascii.Error):
            continue
    raise SigningError(
        "the public half of the key is not there", where=str(key), hint=f"it should be in {key.name}.pub"
    )


def _public_key(armoured: bytes) -> bytes:
    """The public key in an SSH signature, whose armour has to be written as ``ssh-keygen`` writes it.

    Raises:
        EvidenceError: it is not such a signature.
    """
    try:
        body = armoured.removeprefix(_BEGIN).removesuffix(_END)
        blob = base64.b64decode(body.replace(b"\n", b""), validate=True)
        text = base64.b64encode(blob)
        lines = b"".join(text[start : start + _LINE] + b"\n" for start in range(0, len(text), _LINE))
        if armoured != _BEGIN + lines + _END or not blob.startswith(b"SSHSIG\0\0\0\1"):
            raise EvidenceError("not an SSH signature as ssh-keygen writes it")
        public_key, offset = read_string(blob, 10)
        key_type(public_key)
        fields: list[bytes] = []
        for _ in range(4):  # namespace, reserved, hash, signature
            value, offset = read_string(blob, offset)
            fields.append(value)
        if offset != len(blob) or fields[1] or fields[2] not in (b"sha256", b"sha512"):
            raise EvidenceError("not an SSH signature as ssh-keygen writes it")
    except (binascii.Error, EvidenceError):
        raise EvidenceError("not an SSH signature as ssh-keygen writes it") from None
    if fields[0] != NAMESPACE.encode():
        shown = ascii(fields[0].decode("utf-8", "replace")[:60])
        raise EvidenceError(f"an SSH signature for another purpose: {shown}")
    return public_key
