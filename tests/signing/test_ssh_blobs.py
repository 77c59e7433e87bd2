"""Keys and certificates in wire form: each kind, each field, each bound, and what is said of a damaged one."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from ssh_wire import KEYS, blob, certificate, key_of, private, string, strings

from auditkit.errors import EvidenceError
from auditkit.signing.ssh.certificates import (
    Certificate,
    is_known_kind,
    is_too_short,
    keyid_of,
    plain_key,
    read_certificate,
)
from auditkit.signing.ssh.keys import (
    ed25519_key,
    fingerprint,
    key_type,
    read_string,
    signed_by,
    write_string,
)

CERTIFIED = {kind: f"{kind.removesuffix('@openssh.com')}-cert-v01@openssh.com" for kind in KEYS}
CUT, MALFORMED = "an SSH string is cut short", "the key is malformed"


def refusal(call, *arguments) -> tuple[str, str]:
    with pytest.raises(EvidenceError) as raised:
        call(*arguments)
    return raised.value.what, raised.value.observed


# Strings


@pytest.mark.parametrize("data", [b"", b"x", bytes(300)])
def test_strings(data):
    assert write_string(data) == string(data)
    assert read_string(string(data), 0) == (data, len(data) + 4)
    assert read_string(b"??" + string(data) + b"more", 2) == (data, len(data) + 6)


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (b"\0\0\0", 0),
        (b"\0\0\0\1", 0),
        (b"\0\0\0\2x", 0),
        (b"\xff" * 4, 0),
        (string("x"), 2),
        (b"", 9),
    ],
)
def test_a_string_that_is_cut_short(data, offset):
    assert refusal(read_string, data, offset) == (CUT, "")


def test_the_type_of_a_key():
    assert key_type(string("ssh-ed25519") + b"anything") == "ssh-ed25519"
    assert key_type(string(b"\xff" + b"x" * 200)) == "\ufffd" + "x" * 99
    assert refusal(key_type, b"\0\0\0\1") == (CUT, "")


def test_a_fingerprint_is_a_digest_without_padding():
    assert fingerprint(b"key") == "SHA256:" + base64.b64encode(sha256(b"key").digest()).decode().rstrip("=")


# Ed25519


def test_a_signature_of_ed25519():
    signature = private(1).sign(b"data")
    assert signed_by(blob(1), signature, b"data")
    assert not signed_by(blob(2), signature, b"data")
    assert not signed_by(blob(1), signature, b"date")
    assert not signed_by(blob(1), signature[:-1] + bytes([signature[-1] ^ 1]), b"data")
    assert not signed_by(blob(1), b"", b"data")
    assert not signed_by(key_of("ssh-rsa"), signature, b"data")
    assert not signed_by(blob(1) + b"\0", signature, b"data")
    assert not signed_by(b"", signature, b"data")


def test_a_key_that_is_not_of_ed25519():
    with pytest.raises(EvidenceError) as raised:
        ed25519_key(key_of("ssh-rsa"))
    error = raised.value
    assert (error.what, error.expected, error.observed) == ("not an Ed25519 key", "ssh-ed25519", "ssh-rsa")


@pytest.mark.parametrize(
    "key",
    [
        strings("ssh-ed25519", bytes(31)),
        strings("ssh-ed25519", bytes(33)),
        strings("ssh-ed25519", bytes(32), b""),
        strings("ssh-ed25519", bytes(32)) + b"\0",
    ],
    ids=["short", "long", "a string more", "a byte more"],
)
def test_a_malformed_key_of_ed25519(key):
    assert refusal(ed25519_key, key) == ("the Ed25519 key is malformed", "")


# Keys without a certificate


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_of_key_is_read(kind):
    key = key_of(kind)
    assert read_certificate(key) is None
    assert plain_key(key) == key
    assert keyid_of(key) == fingerprint(key)
    assert is_known_kind(kind)
    assert is_known_kind(CERTIFIED[kind])


@pytest.mark.parametrize(
    "kind", ["ssh-foo", "", "ssh-ed25519-cert-v00@openssh.com", "rsa-sha2-512", "ssh-ed25519 "]
)
def test_a_kind_that_nobody_knows(kind):
    assert not is_known_kind(kind)
    assert refusal(read_certificate, strings(kind, b"x")) == ("a type of key that is not known", kind)


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_has_its_fields_and_no_more(kind):
    key = key_of(kind)
    assert refusal(read_certificate, key + b"\0") == ("bytes after the key", "")
    assert refusal(read_certificate, key + string(b"x")) == ("bytes after the key", "")
    assert refusal(read_certificate, strings(kind, *KEYS[kind][:-1])) == (CUT, "")
    assert refusal(read_certificate, key[:-1]) == (CUT, "")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ssh-ed25519", (bytes(31),)),
        ("ssh-ed25519", (bytes(33),)),
        ("sk-ssh-ed25519@openssh.com", (bytes(33), b"ssh:")),
        ("ssh-rsa", (b"", b"\xff" * 256)),
        ("ssh-rsa", (b"\1\0\1", b"")),
        ("ssh-dss", (b"p", b"q", b"", b"y")),
        ("ecdsa-sha2-nistp256", (b"nistp384", b"\4")),
        ("ecdsa-sha2-nistp384", (b"nistp256", b"\4")),
        ("ecdsa-sha2-nistp521", (b"nistp52", b"\4")),
        ("ecdsa-sha2-nistp256", (b"\xff", b"\4")),
        ("sk-ecdsa-sha2-nistp256@openssh.com", (b"nistp256@openssh.com", b"\4", b"ssh:")),
    ],
)
def test_a_malformed_key(kind, fields):
    assert refusal(read_certificate, strings(kind, *fields)) == (MALFORMED, kind)


@pytest.mark.parametrize(
    ("bits", "short"), [(1023, True), (1024, False), (1025, False), (2048, False), (8, True)]
)
def test_a_short_rsa_key(bits, short):
    """OpenSSH takes RSA keys from 1024 bits on (sshkey.h, SSH_RSA_MINIMUM_MODULUS_SIZE)."""
    modulus = (1 << bits - 1 | 1).to_bytes(bits // 8 + 1, "big")
    key = strings("ssh-rsa", b"\1\0\1", modulus)
    assert is_too_short(key) is short
    assert is_too_short(certificate(key)) is short


def test_no_other_key_is_too_short():
    assert not any(is_too_short(key_of(kind)) for kind in KEYS if kind != "ssh-rsa")


# Certificates


@pytest.mark.parametrize("kind", KEYS)
def test_a_certificate_of_each_kind_is_read(kind):
    told = read_certificate(certificate(key_of(kind), principals=("alice", "bob"), after=5, before=6))
    assert told == Certificate(key_of(kind), blob(9), ("alice", "bob"), 5, 6)
    assert plain_key(certificate(key_of(kind))) == key_of(kind)
    assert keyid_of(certificate(key_of(kind))) == fingerprint(key_of(kind))


@pytest.mark.parametrize("kind", KEYS)
def test_an_authority_may_be_of_each_kind(kind):
    told = read_certificate(certificate(authority=key_of(kind)))
    assert told is not None
    assert told.authority == key_of(kind)


def test_times_have_64_bits():
    told = read_certificate(certificate(after=1 << 63, before=(1 << 64) - 1))
    assert told is not None
    assert (told.valid_after, told.valid_before) == (1 << 63, (1 << 64) - 1)


@pytest.mark.parametrize(
    ("names", "read"),
    [
        ((), ()),
        (("a", "b", "a"), ("a", "b", "a")),
        (("", "a"), ("a",)),
        (("a\n", "b"), ("b",)),
        ((b"\xff", b"a\xff", "b"), ("b",)),
        (("\ufffd", "b"), ("b",)),
        (("é",), ("é",)),
        (("a b",), ("a b",)),
    ],
)
def test_identities_that_can_be_printed(names, read):
    told = read_certificate(certificate(principals=names))
    assert told is not None
    assert told.principals == read


DAMAGED = "the certificate is malformed"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (certificate(behind=b"\0"), (DAMAGED, "")),
        (certificate()[:-1], (CUT, "")),
        (certificate(names=b"\0\0\0\2x"), (CUT, "")),
        (certificate(names=string("a") + b"\0"), (CUT, "")),
        (certificate(authority=certificate()), (DAMAGED, "")),
        (certificate(authority=strings("ssh-foo", b"x")), (DAMAGED, "")),
        (certificate(authority=b""), (CUT, "")),
        (certificate(authority=strings("ssh-ed25519", bytes(31))), (MALFORMED, "ssh-ed25519")),
        (certificate(authority=blob(1) + b"\0"), ("bytes after the key", "")),
        (certificate(strings("ssh-ed25519", bytes(31))), (MALFORMED, "ssh-ed25519")),
        (certificate(strings("ecdsa-sha2-nistp256", b"nistp384", b"x")), (MALFORMED, "ecdsa-sha2-nistp256")),
        (
            certificate(kind="ssh-foo-cert-v01@openssh.com"),
            ("a type of key that is not known", "ssh-foo-cert-v01@openssh.com"),
        ),
        (certificate(kind="ssh-rsa-cert-v01@openssh.com"), None),
    ],
    ids=range(13),
)
def test_a_malformed_certificate(raw, told):
    with pytest.raises(EvidenceError) as raised:
        read_certificate(raw)
    if told is not None:  # the fields of another kind: whichever of them is met first
        assert (raised.value.what, raised.value.observed) == told


def test_a_certificate_that_ends_anywhere_is_cut_short():
    raw = certificate()
    for length in range(len(raw)):
        assert refusal(read_certificate, raw[:length])[0] in (CUT, DAMAGED), length
