"""Principals and public keys against the texts of the interface specification and openssl's PEM."""

import base64

import pytest

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import MAINNET_ROOT_KEY, Principal, parse_root_key
from auditkit.ic.public_key import named_root_key, point_of


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


NO_TEXT, LENGTH = "is not the text of a principal", "is not the text of a principal: wrong length"
CHECKSUM = "is not a principal: a letter is wrong, its checksum does not fit"
LAST = "is not a principal: a letter is wrong, the last one"
SPELLING = "is not the canonical text of a principal"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", LENGTH),
        ("rrkah", LENGTH),
        ("rrkah-fqaaa-aaaaa-aaaaq-caj", LAST),
        ("rrkah-fqaaa-aaaaa-aaaaq-caq", CHECKSUM),
        ("RRKAH-fqaaa-aaaaa-aaaaq-cai", SPELLING),
        ("rrkahfqaaaaaaaaaaaaqcai", SPELLING),
        ("rrkah-fqaaa-aaaaa-aaaaq-cai-", SPELLING),
        ("rrkah-fqaaa-aaaaa-aaaaq-cai ", NO_TEXT),
        ("rrkah-fqaaa-aaaaa-aaaab-cai", CHECKSUM),
        ("ä", NO_TEXT),
        ("a" * 200, LENGTH),
        ("a" * 55, LENGTH),
    ],
)
def test_other_spellings_are_refused(text, what):
    with pytest.raises(ParameterError) as caught:
        Principal.from_text(text)
    assert caught.value.what == f"{text!r} {what}"


def test_another_spelling_is_told_with_the_right_one():
    with pytest.raises(ParameterError) as caught:
        Principal.from_text("rrkahfqaaaaaaaaaaaaqcai")
    assert (caught.value.expected, caught.value.observed) == (
        "rrkah-fqaaa-aaaaa-aaaaq-cai",
        "rrkahfqaaaaaaaaaaaaqcai",
    )


@pytest.mark.parametrize("raw", [b"", b"\xff", bytes(range(28)), bytes(range(29))])
def test_every_length_is_read_back(raw):
    assert Principal.from_text(Principal(raw).to_text()) == Principal(raw)


def test_a_principal_has_29_bytes_at_most():
    Principal(bytes(29))
    with pytest.raises(EvidenceError) as caught:
        Principal(bytes(30))
    told = caught.value
    assert (told.what, told.expected, told.observed) == (
        "a principal is too long",
        "at most 29 bytes",
        "30 bytes",
    )


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


NO_KEY = "the file holds no public key"
WRONG_LENGTH = "a public key has the wrong length"
ANOTHER_KIND = "a public key does not say that it is a BLS12-381 key of the Internet Computer"


@pytest.mark.parametrize(
    ("content", "what", "observed"),
    [
        (b"", WRONG_LENGTH, "0 bytes"),
        (b"hello", NO_KEY, ""),
        (MAINNET_ROOT_KEY[:-1], WRONG_LENGTH, "132 bytes"),
        (MAINNET_ROOT_KEY + b"\0", WRONG_LENGTH, "134 bytes"),
        (MAINNET_ROOT_KEY[:-1].hex().encode(), WRONG_LENGTH, "132 bytes"),
        (b"0" * 4096, WRONG_LENGTH, "2048 bytes"),
        (b"0" * 4097, "the file is too large for a public key", ""),
        (b"\x30\x81", WRONG_LENGTH, "2 bytes"),
        (b"\x30\x81" + bytes(131), ANOTHER_KIND, "3081" + "00" * 35),
        (b"\xff" * 50, NO_KEY, ""),
        (b"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", NO_KEY, ""),
        (b"-----BEGIN PUBLIC KEY-----\nMIGC\n-----END PUBLIC KEY-----\n", WRONG_LENGTH, "3 bytes"),
    ],
)
def test_files_that_hold_no_root_key(tmp_path, content, what, observed):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ParameterError) as caught:
        parse_root_key(str(tmp_path / "key"))
    told = caught.value
    assert (told.what, told.where, told.observed) == (what, str(tmp_path / "key"), observed)


@pytest.mark.parametrize("text", ["", "Mainnet", "ab" * 132, "no/such/file", "\0", "308182"])
def test_texts_that_name_no_root_key(text):
    with pytest.raises(ParameterError) as caught:
        parse_root_key(text)
    assert caught.value.what.startswith(
        f"the root key {text!r} is neither a name, nor 266 hex digits, nor a file ("
    )


def test_digits_of_another_key_are_told():
    with pytest.raises(ParameterError) as caught:
        parse_root_key("ab" * 133)
    told = caught.value
    assert (told.what, told.where, told.observed) == (ANOTHER_KIND, "the root key", "ab" * 37)
    assert told.expected == MAINNET_ROOT_KEY[:37].hex()


@pytest.mark.parametrize("text", ["", "no/such/file", "ab" * 132, "ab" * 134, " mainnet"])
def test_what_others_wrote_names_no_file(tmp_path, monkeypatch, text):
    """Even where there is one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_bytes(MAINNET_ROOT_KEY)
    for name in (text, "key"):
        with pytest.raises(ParameterError) as caught:
            named_root_key(name)
        assert caught.value.what == "the root key is neither mainnet nor 266 hex digits"
    assert named_root_key("mainnet") == named_root_key(MAINNET_ROOT_KEY.hex()) == MAINNET_ROOT_KEY


def test_every_byte_of_the_der_prefix_counts():
    for offset in range(37):
        changed = bytearray(MAINNET_ROOT_KEY)
        changed[offset] ^= 1
        with pytest.raises(EvidenceError, match=f"^{ANOTHER_KIND}"):
            point_of(bytes(changed))
    assert point_of(MAINNET_ROOT_KEY) == MAINNET_ROOT_KEY[37:]
