"""A trust list, line by line: what is read of each, and the sentence for each line that is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ssh_wire import KEYS, blob, certificate, key_of, line, strings

from auditkit.errors import ParameterError, SourceError
from auditkit.signing import AllowedSigner, read_trust_list

KEY = line(blob(1))
FORM = "a line of the trust list is not PRINCIPALS [OPTIONS] KEYTYPE KEY"
NO_KEY = "there is no public key of a known type and form"


@pytest.fixture
def listed(tmp_path):
    """A function that reads a trust list of this text."""

    def read(text: str | bytes, revoked: str | bytes | None = None):
        path, gone = tmp_path / "trust", tmp_path / "revoked"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        if revoked is not None:
            gone.write_bytes(revoked.encode() if isinstance(revoked, str) else revoked)
        return read_trust_list(path, gone if revoked is not None else None)

    return read


def one(listed, text: str) -> AllowedSigner:
    (signer,) = listed(text + "\n").signers
    return signer


def refusal(listed, *texts) -> ParameterError:
    with pytest.raises(ParameterError) as raised:
        listed(*texts)
    return raised.value


# Lines


@pytest.mark.parametrize(
    ("text", "principals"),
    [
        (f"alice {KEY}", ("alice",)),
        (f"alice,bob {KEY}", ("alice", "bob")),
        (f"a,,b, {KEY}", ("a", "b")),
        (f", {KEY}", ()),
        (f'"alice" {KEY}', ("alice",)),
        (f'"alice smith" {KEY}', ("alice smith",)),
        (f'al"ice" {KEY}', ("alice",)),
        (f'"" {KEY}', ()),
        (f"*@example.org,!eve@* {KEY}", ("*@example.org", "!eve@*")),
        (f"  alice\t{KEY} and a comment", ("alice",)),
        (f"alice\t \t{KEY}\r", ("alice",)),
        (f"é {KEY}", ("é",)),
    ],
)
def test_principals(listed, text, principals):
    assert one(listed, text) == AllowedSigner(principals, blob(1))


def test_comments_and_empty_lines_are_passed_over(listed):
    trust = listed(
        f"# who\n\n \t\n#{KEY}\nalice {KEY}\n  # end\nbob {line(blob(2))}".encode() + b"\n# \xff\n"
    )
    assert [signer.principals for signer in trust.signers] == [("alice",), ("bob",)]
    assert trust.text.startswith(b"# who\n")
    assert (trust.revoked, trust.revocation_list) == (frozenset(), None)


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key(listed, kind):
    assert one(listed, f"alice {line(key_of(kind))}").public_key == key_of(kind)
    certified = certificate(key_of(kind))
    assert one(listed, f"alice {line(certified)}").public_key == certified


# Options


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ("cert-authority", {"authority": True}),
        ("CERT-AUTHORITY", {"authority": True}),
        ("cert-authority,cert-authority", {"authority": True}),
        ('namespaces="git"', {"namespaces": ("git",)}),
        ('Namespaces="git,auditkit"', {"namespaces": ("git", "auditkit")}),
        ('namespaces=""', {"namespaces": ()}),
        ('namespaces="a b"', {"namespaces": ("a b",)}),
        ('namespaces="a\\"b"', {"namespaces": ('a"b',)}),
        ('valid-after="20200102Z"', {"valid_after": 1_577_923_200}),
        ('valid-before="20200102030405Z"', {"valid_before": 1_577_934_245}),
        ('valid-before="202001020304z"', {"valid_before": 1_577_934_240}),
        ('VALID-AFTER="20200102UTC"', {"valid_after": 1_577_923_200}),
        ('valid-after="19700101000001Z"', {"valid_after": 1}),
        (
            'cert-authority,namespaces="x",valid-after="20200102Z",valid-before="20200102000001Z"',
            {
                "authority": True,
                "namespaces": ("x",),
                "valid_after": 1_577_923_200,
                "valid_before": 1_577_923_201,
            },
        ),
        (',namespaces="git"', {"namespaces": ("git",)}),
        ('namespaces="git",,cert-authority', {"namespaces": ("git",), "authority": True}),
    ],
)
def test_options(listed, options, read):
    """Seconds since 1970 as `date -u +%s` gives them."""
    assert one(listed, f"alice {options} {KEY}") == AllowedSigner(("alice",), blob(1), **read)


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [("UTC", 1_577_923_200), ("Asia/Tokyo", 1_577_890_800), ("America/New_York", 1_577_941_200)],
)
def test_a_time_without_z_is_local(listed, monkeypatch, zone, seconds):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert one(listed, f'alice valid-after="20200102" {KEY}').valid_after == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_local_time_is_never_summer_time(listed, monkeypatch):
    """New York in July: OpenSSH asks the C library for standard time, five hours behind."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert one(listed, f'alice valid-after="20200702120000" {KEY}').valid_after == 1_593_709_200
    finally:
        monkeypatch.undo()
        time.tzset()


UNKNOWN = "the trust list has an option that is not known: "
NO_TIME = "is not a time like 20261231 or 20261231235959Z"
ORDER = "valid-before is not later than valid-after"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("odd", UNKNOWN + "'odd'"),
        ("odd=1", UNKNOWN + "'odd=1'"),
        ('odd="1"', UNKNOWN + """'odd="1"'"""),
        ("no-touch-required", UNKNOWN + "'no-touch-required'"),
        ("cert-authority,odd", UNKNOWN + "'odd'"),
        ("cert-authority,", UNKNOWN + "','"),
        ("namespaces", UNKNOWN + "'namespaces'"),
        ("namespaces=git", UNKNOWN + "'namespaces=git'"),
        ('namespaces="git"x', UNKNOWN + "'x'"),
        ('namespaces="git",', UNKNOWN + "','"),
        ("cert-authoritynamespaces", UNKNOWN + "'namespaces'"),
        ("é", UNKNOWN + r"'\xe9'"),
        ("x" * 70, UNKNOWN + f"'{'x' * 60}'"),
        ('namespaces="a",namespaces="b"', "the option namespaces is given twice"),
        ('NAMESPACES="a",namespaces="a"', "the option namespaces is given twice"),
        ('valid-after="20200101",valid-after="20200101"', "the option valid-after is given twice"),
        ('valid-before="20200101",valid-before="20200101"', "the option valid-before is given twice"),
        ('valid-after="soon"', f"valid-after {NO_TIME}"),
        ('valid-before="soon"', f"valid-before {NO_TIME}"),
        ('valid-before=""', f"valid-before {NO_TIME}"),
        ('valid-before="20260230"', f"valid-before {NO_TIME}"),
        ('valid-before="20261301"', f"valid-before {NO_TIME}"),
        ('valid-before="202612312460"', f"valid-before {NO_TIME}"),
        ('valid-before="2026123"', f"valid-before {NO_TIME}"),
        ('valid-before="2026123123"', f"valid-before {NO_TIME}"),
        ('valid-before="20261231235"', f"valid-before {NO_TIME}"),
        ('valid-before="20261231+0100"', f"valid-before {NO_TIME}"),
        ('valid-before="20261231 Z"', f"valid-before {NO_TIME}"),
        ('valid-before="\u0662\u0660\u0662\u0666\u0661\u0662\u0663\u0661"', f"valid-before {NO_TIME}"),
        ('valid-after="19700101Z"', f"valid-after {NO_TIME}"),
        ('valid-after="19691231235959Z"', f"valid-after {NO_TIME}"),
        ('valid-after="00010101"', f"valid-after {NO_TIME}"),
        ('valid-after="20200102Z",valid-before="20200102Z"', ORDER),
        ('valid-after="20200102Z",valid-before="20200101Z"', ORDER),
        ('valid-before="20200101Z",valid-after="20200102Z"', ORDER),
    ],
)
def test_options_that_are_refused(listed, options, told):
    error = refusal(listed, f"# first\nalice {options} {KEY}\n")
    assert error.what == told
    assert error.where.endswith("trust, line 2")


# Lines that are refused


SHORT_RSA = strings("ssh-rsa", b"\1\0\1", b"\x7f" * 127)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alice", FORM),
        (KEY.split()[0], FORM),
        ('"alice', FORM),
        (f'alice"x {KEY}', FORM),
        (f"a\0b {KEY}", FORM),
        (f"alice {KEY}\0", FORM),
        (f"alice\u00a0 {KEY}", "a name in the trust list is not text"),
        (f"ali\u200bce {KEY}", "a name in the trust list is not text"),
        (f"alice\f {KEY}", "a name in the trust list is not text"),
        (KEY, NO_KEY),
        ("alice ssh-ed25519", NO_KEY),
        ("alice ssh-ed25519 AAAA", NO_KEY),
        (f"alice ssh-rsa {KEY.split()[1]}", NO_KEY),
        (f"alice ssh-foo {KEY.split()[1]}", NO_KEY),
        (f"alice SSH-ED25519 {KEY.split()[1]}", NO_KEY),
        (f"alice {KEY[:-1]}", NO_KEY),
        (f"alice {KEY}*", NO_KEY),
        (f"alice {line(blob(1) + bytes(1))}", NO_KEY),
        (f"alice {line(strings('ssh-ed25519', bytes(31)))}", NO_KEY),
        (f"alice ssh-ed25519 é{KEY.split()[1]}", NO_KEY),
        (f'"alice",bob {KEY}', "the trust list has an option that is not known: 'bob'"),
        (f"alice {line(SHORT_RSA)}", "the RSA key is too short to be safe"),
        (f"alice {line(certificate(SHORT_RSA))}", "the RSA key is too short to be safe"),
    ],
    ids=range(23),
)
def test_lines_that_are_refused(listed, text, told):
    error = refusal(listed, f"bob {line(blob(2))}\n{text}\n")
    assert error.what == told
    assert error.where.endswith("trust, line 2")


def test_a_line_of_another_form_is_explained(listed):
    assert refusal(listed, "alice\n").hint == "see ssh-keygen(1)"


@pytest.mark.parametrize("text", ["", "\n", "# alice\n", " \t\n"])
def test_a_list_without_a_key(listed, text):
    error = refusal(listed, text)
    assert error.what == "the trust list names no key"
    assert error.where.endswith("trust")
    assert error.hint == "write one line `auditor@example.org ssh-ed25519 AAAA...`"


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(SourceError) as raised:
        read_trust_list(tmp_path / "none")
    assert "no such file" in str(raised.value)


def test_a_list_larger_than_any(tmp_path):
    path = tmp_path / "trust"
    path.write_bytes(f"alice {KEY}\n".encode().ljust(4 << 20, b"\n"))
    assert len(read_trust_list(path).signers) == 1
    path.write_bytes(f"alice {KEY}\n".encode().ljust((4 << 20) + 1, b"\n"))
    with pytest.raises(ParameterError) as raised:
        read_trust_list(path)
    assert raised.value.where == str(path)


# What was revoked


def test_revoked_keys(listed):
    told = listed(f"alice {KEY}\n", f"# gone\n\n{line(blob(2))} a comment\n  {line(certificate(blob(3)))}\n")
    assert told.revoked == {blob(2), blob(3)}
    assert told.revocation_list is None


def test_a_revocation_list_of_ssh_keygen(listed):
    told = listed(f"alice {KEY}\n", b"SSHKRL\n\0and so on")
    assert (told.revoked, told.revocation_list) == (frozenset(), b"SSHKRL\n\0and so on")


@pytest.mark.parametrize(
    "text", ["alice " + KEY, "ssh-ed25519", "x", "SSHKRL\n", f"!{KEY}", f"ssh-ed25519 {'A' * 20}"]
)
def test_what_is_no_revoked_key(listed, text):
    error = refusal(listed, f"alice {KEY}\n", f"{line(blob(2))}\n{text}\n")
    assert error.what == "this is not a public key"
    assert error.where.endswith("revoked, line 2")
    assert error.hint == "give public keys, one per line, or a KRL"


def test_an_empty_list_of_revoked_keys(listed):
    assert listed(f"alice {KEY}\n", "").revoked == frozenset()


def test_a_list_of_revoked_keys_that_is_not_there(tmp_path):
    (tmp_path / "trust").write_text(f"alice {KEY}\n")
    with pytest.raises(SourceError):
        read_trust_list(tmp_path / "trust", Path(tmp_path / "none"))
