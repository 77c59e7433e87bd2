"""Private key files: which can sign, and what is said of each that cannot."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from ssh_wire import blob, key_file, key_of, private, string, strings

from auditkit.errors import SigningError
from auditkit.signing import load_private_key

BEGIN, END = b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"-----END OPENSSH PRIVATE KEY-----\n"
NO_FILE = "this is not an OpenSSH private key file"


def unasked(name: str) -> str:
    return pytest.fail("no passphrase was expected")


@pytest.fixture
def load(tmp_path):
    """A function that writes a key file and loads it."""

    def put(data: bytes, passphrase=unasked):
        path = tmp_path / "key"
        path.write_bytes(data)
        return load_private_key(path, passphrase)

    return put


def told(load, *arguments) -> tuple[str, str]:
    with pytest.raises(SigningError) as raised:
        load(*arguments)
    assert raised.value.where.endswith("/key")
    return raised.value.what, raised.value.hint


def test_a_key_signs_as_ed25519_does(load):
    key = load(key_file(1))
    assert key.public_key == blob(1)
    assert key.sign(b"data") == private(1).sign(b"data")
    assert "PrivateKey" not in repr(key).partition("(")[2]


@pytest.mark.parametrize("around", [(b"\n ", b"\n\n"), (b"", b""), (b"\r\n", b" "), (b"x\n", b"x")])
def test_what_stands_around_the_armour_means_nothing(load, around):
    assert load(around[0] + key_file(1) + around[1]).public_key == blob(1)


def test_line_ends_of_windows_mean_nothing(load):
    assert load(key_file(1).replace(b"\n", b"\r\n")).public_key == blob(1)


def locked(passphrase: bytes = b"horse") -> bytes:
    return private(1).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, BestAvailableEncryption(passphrase))


def test_a_passphrase_is_asked_for_by_the_name_of_the_file(load, tmp_path):
    asked: list[str] = []

    def answer(name: str) -> str:
        asked.append(name)
        return "horse"

    assert load(locked(), answer).public_key == blob(1)
    assert asked == [str(tmp_path / "key")]


@pytest.mark.parametrize("given", ["", "donkey", "horse "])
def test_a_wrong_passphrase(load, given):
    assert told(load, locked(), lambda _: given) == (
        "the passphrase is wrong",
        "nothing was signed; try again",
    )


def file_of(
    *, magic: bytes = b"openssh-key-v1\0", cipher: bytes = b"none", key: bytes = blob(1), rest: bytes = b""
) -> bytes:
    body = magic + strings(cipher, b"none", b"") + (1).to_bytes(4, "big") + string(key) + rest
    return BEGIN + base64.encodebytes(body) + END


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        BEGIN,
        BEGIN + END,
        key_file(1).removesuffix(END),
        file_of(magic=b"openssh-key-v2\0"),
        BEGIN + base64.encodebytes(b"openssh-key-v1\0") + END,
        BEGIN + base64.encodebytes(b"openssh-key-v1\0" + strings(b"none", b"none")) + END,
        BEGIN + b"*" + base64.encodebytes(b"openssh-key-v1\0") + END,
        file_of(key=b""),
        BEGIN + base64.b64encode(b"openssh-key-v1\0")[:-1] + b"\n" + END,
        private(1).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
    ids=range(12),
)
def test_other_files_are_refused(load, data):
    assert told(load, data) == (
        f"{NO_FILE}, or it is damaged",
        "name a key that `ssh-keygen -t ed25519` made, or agent",
    )


@pytest.mark.parametrize(
    "begin", ["ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 AAAA", "sk-ssh-ed25519@openssh.com AAAA"]
)
def test_a_public_key_is_named(load, begin):
    assert told(load, begin.encode())[0] == f"{NO_FILE} but a public key"


def written(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (generate_private_key(65537, 1024), "ssh-rsa"),
        (derive_private_key(5, SECP256R1()), "ecdsa-sha2-nistp256"),
        (derive_private_key(5, SECP384R1()), "ecdsa-sha2-nistp384"),
    ],
    ids=["RSA", "P-256", "P-384"],
)
def test_a_key_of_another_type(load, key, kind):
    assert told(load, written(key)) == (
        f"a key of type {kind} cannot sign DSSE envelopes; Ed25519 can",
        "make one with `ssh-keygen -t ed25519`, or sign with --ssh-signature",
    )


def test_a_file_whose_public_half_is_another_key(load):
    body = base64.b64decode(b"".join(written(derive_private_key(5, SECP256R1())).split(b"\n")[1:-2]))
    head = 15 + len(strings(b"none", b"none", b"")) + 4
    length = int.from_bytes(body[head : head + 4], "big")
    data = BEGIN + base64.encodebytes(body[:head] + string(blob(1)) + body[head + 4 + length :]) + END
    assert told(load, data)[0] == f"{NO_FILE}, or it is damaged"


@pytest.mark.parametrize(
    "rest", [b"", string(b""), string(bytes(8)), string(b"\0\0\0\1\0\0\0\2" + bytes(64))]
)
def test_a_damaged_private_half(load, rest):
    assert told(load, file_of(rest=rest))[0] == f"{NO_FILE}, or it is damaged"


@pytest.mark.parametrize(
    "data",
    [
        file_of(cipher=b"rot13", rest=string(bytes(64))),
        file_of(key=key_of("sk-ssh-ed25519@openssh.com"), rest=string(bytes(64))),
    ],
    ids=["encryption", "security key"],
)
def test_a_key_that_cannot_be_opened_here(load, data):
    what, hint = told(load, data)
    assert what.startswith("this key cannot be opened here: ")
    assert hint == "add it to ssh-agent and use agent, or sign with --ssh-signature"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SigningError) as raised:
        load_private_key(tmp_path / "key", unasked)
    assert "no such file" in raised.value.what
    assert raised.value.hint == "name an OpenSSH private key file, or agent"


def test_a_file_larger_than_any_key(load):
    assert load(key_file(1).ljust(65_536)).public_key == blob(1)
    with pytest.raises(SigningError) as raised:
        load(key_file(1).ljust(65_537))
    assert raised.value.hint == "name an OpenSSH private key file, or agent"
