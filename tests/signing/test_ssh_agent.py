"""ssh-agent: OpenSSH's own, and impostors."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditkit.errors import SigningError
from auditkit.signing import agent_key, read_trust_list, sign_report, verify_report


@pytest.fixture
def agent(program):
    """A running ssh-agent without keys: its environment."""
    folder = Path(tempfile.mkdtemp(prefix="agent-"))  # a socket's path holds about a hundred bytes
    address = folder / "socket"
    process = subprocess.Popen(
        [program("ssh-agent"), "-D", "-a", address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not _answers(address):
        assert process.poll() is None
        time.sleep(0.02)
    yield {**os.environ, "SSH_AUTH_SOCK": str(address)}
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


def _answers(address: Path) -> bool:
    """The file of a socket is there before somebody listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(address)) == 0


def add(environment: dict[str, str], *arguments: str | Path) -> None:
    subprocess.run(["ssh-add", "-q", *arguments], env=environment, check=True, stdin=subprocess.DEVNULL)


def test_the_agent_signs_and_the_key_file_is_not_read(agent, alice, report, trust_file, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(alice.path.read_bytes())
    key.chmod(0o600)
    add(agent, key)
    key.unlink()
    sign_report(report, agent_key(environment=agent))
    verified = verify_report(report, read_trust_list(trust_file))
    assert verified.authentic
    assert verified.signatures[0].keyid == alice.keyid


def test_one_of_several_keys_is_chosen_by_its_id(agent, alice, bob, new_key):
    add(agent, alice.path, bob.path, new_key("rsa", "rsa", "", "-b", "2048").path)
    with pytest.raises(SigningError, match="2 Ed25519 keys"):
        agent_key(environment=agent)
    assert agent_key(bob.keyid, agent).sign(b"x") == bob.signer().sign(b"x")
    with pytest.raises(SigningError, match="holds no key"):
        agent_key("SHA256:nobody", agent)


def test_an_agent_without_a_fitting_key_is_told(agent, new_key):
    with pytest.raises(SigningError, match="no Ed25519 key"):
        agent_key(environment=agent)
    add(agent, new_key("ecdsa", "ecdsa").path)
    with pytest.raises(SigningError, match="no Ed25519 key"):
        agent_key(environment=agent)


def test_an_agent_that_was_locked_or_lost_the_key_refuses(agent, alice, report):
    add(agent, alice.path)
    signer = agent_key(environment=agent)
    add(agent, "-D")
    with pytest.raises(SigningError, match="refused"):
        sign_report(report, signer)
    assert not (report / "report.intoto.jsonl").exists()


@contextmanager
def impostor(*answers: bytes):
    """A socket that gives these answers, one a connection, and then hangs up."""
    folder = Path(tempfile.mkdtemp(prefix="agent-"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        server.listen()

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield {"SSH_AUTH_SOCK": str(folder / "socket")}
        thread.join(5)
    shutil.rmtree(folder)


def packed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"\0", b"\0\0\0\0", b"\xff\xff\xff\xff\x0c", packed(b"\x05"), packed(b"\x0c"), packed(b"\x0c\0\0\0\1"),
        packed(b"\x0c\xff\xff\xff\xff"), packed(b"\x0c\0\0\0\1" + packed(b"\0\0")), b"\0\0\0\x09\x0c",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_told(answer):
    with impostor(answer) as environment, pytest.raises(SigningError):
        agent_key(environment=environment)


def test_a_wrong_signature_is_not_written(alice, bob, report):
    listing = packed(b"\x0c\0\0\0\1" + packed(alice.signer().public_key) + packed(b"alice"))
    wrong = packed(b"\x0e" + packed(packed(b"ssh-ed25519") + packed(bob.signer().sign(b"x"))))
    with impostor(listing, wrong) as environment:
        signer = agent_key(environment=environment)
        with pytest.raises(SigningError, match="not its own"):
            sign_report(report, signer)
    assert not (report / "report.intoto.jsonl").exists()
