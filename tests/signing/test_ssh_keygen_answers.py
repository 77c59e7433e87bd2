"""What ``ssh-keygen`` may say, and what each answer comes to: yes, no, or that it could not look."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ssh_wire import blob, line

from auditkit.errors import SigningError
from auditkit.signing.ssh import keygen
from auditkit.signing.ssh.keygen import certificate_counts, is_revoked, last_line, made_signature

GOOD = b'Good "auditkit" signature with ED25519 key SHA256:x\n'
REFUSED = b"Could not verify signature.\n"


@pytest.fixture
def answering(monkeypatch):
    """A function that makes ``ssh-keygen`` answer so, and a list of how it was called."""
    calls: list[dict] = []

    def put(status: int, out: bytes = b"", err: bytes = b"") -> list[dict]:
        def run(command, **options):
            folder = Path(options["cwd"])
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
            calls.append({"command": command, "files": files, **options})
            return subprocess.CompletedProcess(command, status, out, err)

        monkeypatch.setattr(keygen.shutil, "which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr(keygen.subprocess, "run", run)
        return calls

    return put


def ask(question: str) -> bool:
    return {
        "signature": lambda: made_signature(b"SIG", b"data"),
        "certificate": lambda: certificate_counts(b"SIG", b"data", b"list", "alice"),
        "revocation": lambda: is_revoked(b"KRL", blob(1)),
    }[question]()


def refusal(question: str) -> str:
    with pytest.raises(SigningError) as raised:
        ask(question)
    return raised.value.what


@pytest.mark.parametrize("question", ["signature", "certificate"])
@pytest.mark.parametrize(
    ("status", "out", "err", "answer"),
    [
        (0, GOOD, b"", True),
        (0, GOOD, b"warning: something\n", True),
        (255, REFUSED, b"Signature verification failed: incorrect signature\n", False),
        (1, REFUSED, b"", False),
        (255, b"  " + REFUSED, b"", False),
        (0, b"", b"", "ssh-keygen could not look (status 0: it did not say why)"),
        (0, REFUSED, b"", "ssh-keygen could not look (status 0: Could not verify signature.)"),
        (
            0,
            b'Good "git" signature with x\n',
            b"",
            'ssh-keygen could not look (status 0: Good "git" signature with x)',
        ),
        (0, b"x " + GOOD, b"a\nb\n", "ssh-keygen could not look (status 0: b)"),
        (255, GOOD, b"", f"ssh-keygen could not look (status 255: {GOOD.decode().strip()})"),
        (255, REFUSED + b"x", b"", "ssh-keygen could not look (status 255: x)"),
        (-9, REFUSED, b"", "ssh-keygen could not look (status -9: Could not verify signature.)"),
        *[
            (255, REFUSED, said.encode(), f"ssh-keygen could not look (status 255: {said})")
            for said in (
                "unknown or unsupported key type",
                "key type not supported",
                "Couldn't read signature file: denied",
                "Unable to open x",
                "cannot allocate memory",
                "Permission denied",
                "No space left on device",
            )
        ],
    ],
    ids=range(19),
)
def test_answers_about_a_signature(answering, question, status, out, err, answer):
    answering(status, out, err)
    if isinstance(answer, bool):
        assert ask(question) is answer
    else:
        assert refusal(question) == answer


@pytest.mark.parametrize(
    ("status", "out", "answer"),
    [
        (0, b"key.pub (x): ok\n", False),
        (1, b"key.pub (x): REVOKED\n", True),
        (1, b"key.pub (x): ok\n", "ssh-keygen could not look (status 1: key.pub (x): ok)"),
        (0, b"key.pub (x): REVOKED\n", "ssh-keygen could not look (status 0: key.pub (x): REVOKED)"),
        (255, b"key.pub (x): REVOKED\n", "ssh-keygen could not look (status 255: key.pub (x): REVOKED)"),
        (0, b"", "ssh-keygen could not look (status 0: it did not say why)"),
        (1, b"", "ssh-keygen could not look (status 1: it did not say why)"),
        (0, b"ok\n", "ssh-keygen could not look (status 0: ok)"),
    ],
)
def test_answers_about_a_revocation(answering, status, out, answer):
    answering(status, out)
    if isinstance(answer, bool):
        assert ask("revocation") is answer
    else:
        assert refusal("revocation") == answer


def test_what_it_is_asked(answering):
    calls = answering(0, GOOD)
    ask("signature")
    ask("certificate")
    answering(0, b": ok\n")
    ask("revocation")
    assert [call["command"] for call in calls] == [
        ["/usr/bin/ssh-keygen", "-Y", "check-novalidate", "-n", "auditkit", "-s", "signature"],
        [
            "/usr/bin/ssh-keygen",
            "-Y",
            "verify",
            "-n",
            "auditkit",
            "-f",
            "trust",
            "-I",
            "alice",
            "-s",
            "signature",
        ],
        ["/usr/bin/ssh-keygen", "-Q", "-f", "revoked", "key.pub"],
    ]
    assert [call["files"] for call in calls] == [
        {"signature": b"SIG"},
        {"signature": b"SIG", "trust": b"list"},
        {"revoked": b"KRL", "key.pub": f"{line(blob(1))}\n".encode()},
    ]
    assert [call["input"] for call in calls] == [b"data", b"data", b""]
    for call in calls:
        assert call["env"]["LC_ALL"] == "C"
        assert (call["timeout"], call["capture_output"], call["check"]) == (30, True, False)
        assert not Path(call["cwd"]).exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(8, "Exec format error"), "[Errno 8] Exec format error"),
        (ValueError("embedded null byte"), "embedded null byte"),
        (
            subprocess.TimeoutExpired(["ssh-keygen"], 30),
            "Command '['ssh-keygen']' timed out after 30 seconds",
        ),
    ],
)
def test_a_program_that_cannot_be_run(monkeypatch, error, told):
    def run(command, **options):
        raise error

    monkeypatch.setattr(keygen.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(keygen.subprocess, "run", run)
    for question in ("signature", "certificate", "revocation"):
        assert refusal(question) == f"ssh-keygen cannot be run: {told}"


def test_a_program_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(keygen.shutil, "which", lambda name: None)
    with pytest.raises(SigningError) as raised:
        keygen.ssh_keygen()
    assert (raised.value.what, raised.value.hint) == (
        "ssh-keygen is not installed",
        "install OpenSSH's client programs",
    )


def test_its_path_is_whole(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keygen.shutil, "which", lambda name: f"bin/{name}")
    assert keygen.ssh_keygen() == str(tmp_path / "bin" / "ssh-keygen")


@pytest.mark.parametrize(
    ("said", "last"),
    [
        (b"", "it did not say why"),
        (b" \n", "it did not say why"),
        (b"a\nb\n\n", "b"),
        (b"\xff", "\ufffd"),
        (b"x" * 300, "x" * 200),
    ],
)
def test_the_last_line(said, last):
    assert last_line(said) == last
