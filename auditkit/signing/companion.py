"""SSH signatures beside the bundle, for keys that sign nothing else, such as those on a FIDO security key.

The signed file is the auditor's report statement, the same bytes that a DSSE envelope would hold. ``ssh-keygen`` makes
and verifies the signature, so every kind of key works that it knows, with the trust list's own rules.

Source: OpenSSH's PROTOCOL.sshsig; ssh-keygen(1), ``-Y sign`` and ``-Y verify``.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, EvidenceError, SigningError
from auditkit.evidence import read_file, write_together
from auditkit.opening import regular_file
from auditkit.signing.allowed_signers import NAMESPACE, TrustList
from auditkit.signing.bundle import BUNDLE_BYTES
from auditkit.signing.sign import prepare_statement
from auditkit.signing.ssh_keys import fingerprint, key_type, read_string
from auditkit.signing.statement import ReportStatement, parse_report_statement, statement_bytes

_SIGNATURE_BYTES: Final = 64 * 1024
_SECONDS: Final = 30
_TOUCH_SECONDS: Final = 180  # whoever signs may have to find and touch a security key
_PUBLIC_KEY: Final = re.compile(rb"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+ ([A-Za-z0-9+/=]+)(?: .*)?\n?")
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
_LINE: Final = 70


@dataclass(frozen=True, slots=True)
class Companion:
    """An SSH signature over a report statement; nothing in it is verified yet.

    Attributes:
        name: of the statement's file; the signature's has ``.sig`` behind it.
        keyid: fingerprint of the key in the signature.
        kind: type of that key.
        public_key: that key in SSH wire form.
    """

    name: str
    statement: ReportStatement
    keyid: str
    kind: str
    public_key: bytes


def sign_companion(
    folder: Path, key: Path, *, auditor: str | None = None, now: float | None = None
) -> tuple[str, Path]:
    """Writes an auditor's statement and an SSH signature over it into a report folder.

    Args:
        key: a private key file that ``ssh-keygen`` can use (it asks for passphrase or touch itself), or a public key
            file whose private half is in ssh-agent; ``<key>.pub`` has to be beside a private key.
        auditor, now: see `auditkit.signing.sign_report`.

    Returns:
        The key's fingerprint and the statement's path.

    Raises:
        SigningError: ``ssh-keygen`` is missing or does not sign, or the folder is not as its `audit.json` says; the
            folder is then as it was.
        SourceError: there is no finished report.
    """
    program = _ssh_keygen()
    public_key = _public_half(key)
    keyid = fingerprint(public_key)
    statement = prepare_statement(folder, keyid, auditor=auditor, now=now)
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
                f"ssh-keygen did not sign: {_last_line(done.stderr)}",
                where=str(key),
                hint="nothing was written",
            )
        signature = file.with_name("statement.json.sig").read_bytes()
    place = folder / f"report.statement-{sha256(public_key).hexdigest()[:16]}.json"
    if _public_key(signature) != public_key:
        raise SigningError("ssh-keygen signed with another key", where=str(key))
    try:
        write_together({place: payload, place.with_name(f"{place.name}.sig"): signature})
    except AuditkitError as error:
        raise SigningError(error.what, where=error.where, hint="nothing was written") from None
    return keyid, place


def read_companion(folder: Path, name: str) -> Companion:
    """The companion whose statement is in the file ``name``.

    Raises:
        EvidenceError: one of the two files is missing or malformed, or they are about different keys.
    """
    try:
        payload = read_file(folder / name, BUNDLE_BYTES)
        public_key = _public_key(read_file(folder / f"{name}.sig", _SIGNATURE_BYTES))
    except AuditkitError as error:
        raise EvidenceError(error.what, where=error.where or f"{name}.sig") from None
    try:
        statement = parse_report_statement(payload)
    except EvidenceError as error:
        raise error.at(name) from None
    keyid = fingerprint(public_key)
    named = f"report.statement-{sha256(public_key).hexdigest()[:16]}.json"
    if statement.predicate.auditor.keyid != keyid or name != named:
        raise EvidenceError("the statement is not about the key that signed it", where=name)
    return Companion(name, statement, keyid, key_type(public_key), public_key)


def is_intact(folder: Path, companion: Companion) -> bool:
    """Whether the signature is one of the key that is in it, over the statement.

    Raises:
        SigningError: ``ssh-keygen`` is missing.
    """
    return _judged(folder, companion, ["-Y", "check-novalidate"])[0]


def allowed_principal(folder: Path, companion: Companion, trust: TrustList) -> str | None:
    """The identity that the trust list gives the key; None when it does not let the key sign audit reports.

    Raises:
        SigningError: ``ssh-keygen`` is missing.
    """
    if companion.public_key in trust.revoked:
        return None
    found, told = _judged(
        folder, companion, ["-Y", "find-principals", "-f", str(trust.path)], namespace=False
    )
    if not found:
        return None
    for principal in told.splitlines():
        names = ["-Y", "verify", "-f", str(trust.path), "-I", principal]
        if _judged(folder, companion, names)[0]:
            return principal
    return None


def _judged(
    folder: Path, companion: Companion, arguments: list[str], *, namespace: bool = True
) -> tuple[bool, str]:
    command = [_ssh_keygen(), *arguments, "-s", str(folder / f"{companion.name}.sig")]
    if namespace:
        command += ["-n", NAMESPACE]
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    with regular_file(folder / companion.name) as statement:
        try:
            done = subprocess.run(
                command, stdin=statement, capture_output=True, check=False, timeout=_SECONDS, env=environment
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SigningError(f"ssh-keygen cannot be run: {error}"[:200]) from None
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


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
        public_key, _ = read_string(blob, 10)
        key_type(public_key)
    except (binascii.Error, EvidenceError):
        raise EvidenceError("not an SSH signature as ssh-keygen writes it") from None
    return public_key


def _ssh_keygen() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise SigningError("ssh-keygen is not installed", hint="install OpenSSH's client programs")
    return found


def _last_line(told: bytes) -> str:
    lines = told.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it did not say why"
