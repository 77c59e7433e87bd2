"""What is left to ``ssh-keygen``: the signatures of all its kinds of keys, certificates, and revocation lists.

Every question has three answers: yes, no, and `SigningError`, when the program is missing or could not look.

Source: ssh-keygen(1), ``-Y check-novalidate``, ``-Y verify`` and ``-Q``.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from auditkit.errors import SigningError
from auditkit.signing.ssh.keys import key_type

NAMESPACE: Final = "auditkit"
"""What our SSH signatures are for; an ``allowed_signers`` line can restrict a key to it."""
_SECONDS: Final = 30
_GOOD: Final = f'Good "{NAMESPACE}" signature'.encode()
_REFUSED: Final = b"Could not verify signature."
_COULD_NOT_LOOK: Final = re.compile(
    rb"unknown or unsupported|not supported|couldn't read|unable to open|allocat|permission denied|no space",
    re.IGNORECASE,
)
"""What ``ssh-keygen`` says before the words of a refusal when it has not looked at the signature."""


def ssh_keygen() -> str:
    """The path of the program.

    Raises:
        SigningError: it is not installed.
    """
    found = shutil.which("ssh-keygen")
    if found is None:
        raise SigningError("ssh-keygen is not installed", hint="install OpenSSH's client programs")
    return os.path.abspath(found)


def made_signature(signature: bytes, payload: bytes) -> bool:
    """Whether the key in an SSH signature made it, over ``payload`` and in our namespace.

    Raises:
        SigningError: it could not be checked.
    """
    arguments = ["-Y", "check-novalidate", "-n", NAMESPACE, "-s", "signature"]
    return _verified(_run(arguments, {"signature": signature}, payload))


def certificate_counts(signature: bytes, payload: bytes, allowed_signers: bytes, principal: str) -> bool:
    """Whether the certificate in an SSH signature lets its key sign as ``principal``, under the trust list.

    Raises:
        SigningError: it could not be checked.
    """
    files = {"signature": signature, "trust": allowed_signers}
    arguments = ["-Y", "verify", "-n", NAMESPACE, "-f", "trust", "-I", principal, "-s", "signature"]
    return _verified(_run(arguments, files, payload))


def is_revoked(revocation_list: bytes, public_key: bytes) -> bool:
    """Whether a KRL revokes a key or certificate in SSH wire form, or the authority of the certificate.

    Raises:
        SigningError: it could not be checked, or the list is malformed.
    """
    line = f"{key_type(public_key)} {base64.b64encode(public_key).decode()}\n".encode()
    done = _run(["-Q", "-f", "revoked", "key.pub"], {"revoked": revocation_list, "key.pub": line}, b"")
    told = done.stdout.rstrip()
    if (done.returncode, told.endswith(b": ok")) == (0, True):
        return False
    if done.returncode == 1 and told.endswith(b": REVOKED"):
        return True
    raise _could_not_look(done)


def last_line(told: bytes) -> str:
    """What a program said last, for a message."""
    lines = told.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it did not say why"


def _verified(done: subprocess.CompletedProcess[bytes]) -> bool:
    if done.returncode == 0 and done.stdout.startswith(_GOOD):
        return True
    if done.returncode > 0 and done.stdout.strip() == _REFUSED and not _COULD_NOT_LOOK.search(done.stderr):
        return False
    raise _could_not_look(done)


def _could_not_look(done: subprocess.CompletedProcess[bytes]) -> SigningError:
    why = last_line(done.stderr or done.stdout)
    return SigningError(f"ssh-keygen could not look (status {done.returncode}: {why})")


def _run(
    arguments: list[str], files: Mapping[str, bytes], payload: bytes
) -> subprocess.CompletedProcess[bytes]:
    """Runs the program in a folder of its own, in the caller's time zone."""
    program = ssh_keygen()
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
            for name, data in files.items():
                (Path(work) / name).write_bytes(data)
            return subprocess.run(
                [program, *arguments],
                input=payload,
                capture_output=True,
                check=False,
                timeout=_SECONDS,
                env=environment,
                cwd=work,
            )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SigningError(f"ssh-keygen cannot be run: {error}"[:200]) from None
