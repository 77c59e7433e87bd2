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
from ssh_wire import blob, key_of, string, strings

from auditkit.errors import SigningError
from auditkit.signing import AgentKey, agent_key, fingerprint, read_trust_list, sign_report, verify_report


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
def impostor(*answers: bytes | None, asked: list[bytes] | None = None):
    """A socket that gives these answers, one a connection, and then hangs up; for None it says nothing until asked."""
    folder = Path(tempfile.mkdtemp(prefix="agent-"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        server.listen()

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    question = connection.recv(1 << 16)
                    if asked is not None:
                        asked.append(question)
                    if answer is None:
                        connection.recv(1)  # until the other side gives up
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield {"SSH_AUTH_SOCK": str(folder / "socket")}
        thread.join(5)
    shutil.rmtree(folder)


NONSENSE, BROKE_OFF = "what answers there is not an ssh-agent", "ssh-agent broke off"
REFUSED = "ssh-agent refused"


def listing(*keys: bytes | tuple[bytes, bytes], count: int | None = None, behind: bytes = b"") -> bytes:
    """An agent's answer to which keys it holds: each a key, or a key with what it calls it."""
    pairs = [key if isinstance(key, tuple) else (key, b"") for key in keys]
    number = len(pairs) if count is None else count
    return string(b"\x0c" + number.to_bytes(4, "big") + b"".join(strings(*pair) for pair in pairs) + behind)


def signature(
    raw: bytes = bytes(64), kind: bytes = b"ssh-ed25519", inside: bytes = b"", behind: bytes = b""
) -> bytes:
    return string(b"\x0e" + string(strings(kind, raw) + inside) + behind)


def refusal(call, *arguments, **options) -> tuple[str, str]:
    with pytest.raises(SigningError) as raised:
        call(*arguments, **options)
    return raised.value.what, raised.value.hint


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", BROKE_OFF),
        (b"\0", BROKE_OFF),
        (b"\0\0\0\x09\x0c", BROKE_OFF),
        (b"\0\0\0\0", NONSENSE),
        (b"\0\4\0\1" + bytes(8), NONSENSE),
        (b"\xff\xff\xff\xff\x0c", NONSENSE),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", NONSENSE),
        (string(b"\x05"), REFUSED),
        (string(b"\x0e\0\0\0\0"), REFUSED),
        (string(b"\x0c"), NONSENSE),
        (string(b"\x0c\0\0\0"), NONSENSE),
        (string(b"\x0c\0\0\0\1"), NONSENSE),
        (string(b"\x0c\0\0\0\1" + string(b"\0\0") + string(b"")), NONSENSE),
        (string(b"\x0c\0\0\0\1" + string(blob(1))), NONSENSE),
        (listing(blob(1), count=2), NONSENSE),
        (listing(*[blob(1)] * 2049), NONSENSE),
        (listing(count=0xFFFFFFFF), NONSENSE),
    ],
    ids=range(17),
)
def test_nonsense_is_told(answer, told):
    with impostor(answer) as environment, pytest.raises(SigningError) as raised:
        agent_key(environment=environment)
    assert (raised.value.what, raised.value.where) == (told, environment["SSH_AUTH_SOCK"])
    hints = {
        NONSENSE: "see SSH_AUTH_SOCK",
        BROKE_OFF: "",
        REFUSED: "is it locked, or was the confirmation declined?",
    }
    assert raised.value.hint == hints[told]


def test_which_keys_an_agent_may_hold():
    with impostor(listing(key_of("ssh-rsa"), (blob(1), b"caf\xe9"), blob(1))) as environment:
        key = agent_key(environment=environment)
    assert (key.public_key, key.comment) == (blob(1), "")
    with impostor(listing((blob(1), b"caf\xe9"), key_of("ecdsa-sha2-nistp256"))) as environment:
        assert agent_key(environment=environment).comment == "caf\ufffd"
    with impostor(listing(*[blob(1)] * 2048)) as environment:
        assert agent_key(environment=environment).public_key == blob(1)


def test_the_wanted_key_is_found_or_named():
    both = listing(blob(1), blob(2))
    with impostor(both) as environment:
        assert agent_key(fingerprint(blob(2)), environment).public_key == blob(2)
    with impostor(both) as environment:
        assert refusal(agent_key, environment=environment) == (
            "ssh-agent holds 2 Ed25519 keys",
            f"choose with --key agent:ID, one of {fingerprint(blob(1))}, {fingerprint(blob(2))}",
        )
    with impostor(both) as environment:
        assert refusal(agent_key, "SHA256:x", environment) == (
            "ssh-agent holds no key SHA256:x",
            "add it with `ssh-add`",
        )
    with impostor(listing()) as environment:
        assert refusal(agent_key, environment=environment) == (
            "ssh-agent holds no Ed25519 key",
            "add it with `ssh-add`",
        )


@pytest.mark.parametrize("environment", [{}, {"SSH_AUTH_SOCK": ""}])
def test_no_agent(environment):
    assert refusal(agent_key, environment=environment) == (
        "there is no ssh-agent: SSH_AUTH_SOCK is not set",
        "start one with `eval $(ssh-agent)` and `ssh-add`",
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [("nobody", "no such file or directory"), ("x" * 200, "af_unix path too long"), ("a\0b", None)],
)
def test_an_agent_that_cannot_be_reached(tmp_path, monkeypatch, address, why):
    monkeypatch.chdir(tmp_path)
    what, hint = refusal(agent_key, environment={"SSH_AUTH_SOCK": address})
    assert what.startswith("ssh-agent cannot be reached: ")
    assert why is None or what.endswith(why)
    assert hint == "start it, or name a key file"


def test_an_agent_that_says_nothing(monkeypatch):
    monkeypatch.setattr("auditkit.signing.ssh.agent._ANSWER_SECONDS", 0.05)
    with impostor(None) as environment:
        assert refusal(agent_key, environment=environment) == (
            "ssh-agent does not answer",
            "confirm the signature in time",
        )


def test_what_an_agent_is_asked():
    """The draft's SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENTC_SIGN_REQUEST, without flags."""
    asked: list[bytes] = []
    with impostor(listing(blob(1)), signature(b"s" * 64), asked=asked) as environment:
        assert agent_key(environment=environment).sign(b"data") == b"s" * 64
    assert asked == [string(b"\x0b"), string(b"\x0d" + strings(blob(1), b"data") + bytes(4))]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (signature(bytes(63)), NONSENSE),
        (signature(bytes(65)), NONSENSE),
        (signature(kind=b"ssh-rsa"), NONSENSE),
        (signature(kind=b""), NONSENSE),
        (signature(inside=b"\0"), NONSENSE),
        (signature(behind=b"\0"), NONSENSE),
        (string(b"\x0e"), NONSENSE),
        (string(b"\x0e" + string(b"")), NONSENSE),
        (string(b"\x0e" + string(string(b"ssh-ed25519"))), NONSENSE),
        (string(b"\x05"), REFUSED),
        (listing(), REFUSED),
        (b"", BROKE_OFF),
    ],
    ids=range(12),
)
def test_an_answer_that_is_no_signature(answer, told):
    with impostor(answer) as environment:
        key = AgentKey(blob(1), "", environment["SSH_AUTH_SOCK"])
        assert refusal(key.sign, b"data")[0] == told


def test_a_wrong_signature_is_not_written(alice, bob, report):
    held = listing((alice.signer().public_key, b"alice"))
    with impostor(held, signature(bob.signer().sign(b"x"))) as environment:
        signer = agent_key(environment=environment)
        with pytest.raises(SigningError, match="not its own"):
            sign_report(report, signer)
    assert not (report / "report.intoto.jsonl").exists()


def test_an_agent_is_not_asked_to_sign_twice(agent, alice, report):
    add(agent, alice.path)
    sign_report(report, agent_key(environment=agent))
    bundle = (report / "report.intoto.jsonl").read_bytes()
    with pytest.raises(SigningError, match="this key signed the report already"):
        sign_report(report, agent_key(alice.keyid, agent))
    assert (report / "report.intoto.jsonl").read_bytes() == bundle
