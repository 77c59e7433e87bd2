"""Principals and public keys against the texts of the interface specification and openssl's PEM."""

import base64

import pytest

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import MAINNET_ROOT_KEY, Principal, parse_root_key
from auditkit.ic.public_key import point_of


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("", "aaaaa-aa"),  # the management canister
        ("04", "2vxsx-fae"),  # anonymous
        ("abcd01", "em77e-bvlzu-aq"),  # the specification's example
        ("00000000000000010101", "rrkah-fqaaa-aaaaa-aaaaq-cai"),
        ("00000000000000020101", "ryjl3-tyaaa-aaaaa-aaaba-cai"),
    ],
)
def test_texts_of_known_principals(raw, text):
    assert Principal(bytes.fromhex(raw)).to_text() == text
    assert Principal.from_text(text).raw == bytes.fromhex(raw)


def test_the_mainnet_root_subnet_is_named_after_the_root_key():
    text = "tdb26-jop6k-aogll-7ltgs-eruif-6kk7m-qpktf-gdiqx-mxtrf-vb5e6-eqe"
    assert Principal.self_authenticating(MAINNET_ROOT_KEY).to_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rrkah",
        "rrkah-fqaaa-aaaaa-aaaaq-caj",
        "RRKAH-fqaaa-aaaaa-aaaaq-cai",
        "rrkahfqaaaaaaaaaaaqcai",
        "rrkah-fqaaa-aaaaa-aaaaq-cai-",
        "rrkah-fqaaa-aaaaa-aaaaq-cai ",
        "rrkah-fqaaa-aaaaa-aaaab-cai",
        "ä",
        "a" * 200,
    ],
)
def test_other_spellings_are_refused(text):
    with pytest.raises(ParameterError):
        Principal.from_text(text)


def test_a_principal_has_29_bytes_at_most():
    Principal(bytes(29))
    with pytest.raises(EvidenceError):
        Principal(bytes(30))


def test_root_keys_as_users_name_them(tmp_path):
    digits = MAINNET_ROOT_KEY.hex()
    pem = (
        b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(MAINNET_ROOT_KEY) + b"-----END PUBLIC KEY-----\n"
    )
    files = {"der": MAINNET_ROOT_KEY, "pem": pem, "hex": digits.encode() + b"\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert parse_root_key(str(tmp_path / name)) == MAINNET_ROOT_KEY
    assert (
        parse_root_key("mainnet")
        == parse_root_key(digits)
        == parse_root_key(digits.upper())
        == MAINNET_ROOT_KEY
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        MAINNET_ROOT_KEY[:-1],
        MAINNET_ROOT_KEY + b"\0",
        b"0" * 10_000,
        b"\x30\x81",
        b"\xff" * 50,
    ],
)
def test_files_that_hold_no_root_key(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ParameterError):
        parse_root_key(str(tmp_path / "key"))


@pytest.mark.parametrize("text", ["", "Mainnet", "ab" * 133, "no/such/file", "\0", "308182"])
def test_texts_that_name_no_root_key(text):
    with pytest.raises(ParameterError):
        parse_root_key(text)


def test_every_byte_of_the_der_prefix_counts():
    for offset in range(37):
        changed = bytearray(MAINNET_ROOT_KEY)
        changed[offset] ^= 1
        with pytest.raises(EvidenceError):
            point_of(bytes(changed))
