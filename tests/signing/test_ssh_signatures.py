"""SSH signatures beside a bundle: each field of the signature, each tie to its statement (PROTOCOL.sshsig)."""

from __future__ import annotations

import base64
import json
from hashlib import sha256

import pytest
from ssh_wire import armoured, blob, certificate, key_of, raw_signature, string, strings
from statements import statement, written

from auditkit.errors import EvidenceError
from auditkit.signing import companion as of_companions
from auditkit.signing import fingerprint
from auditkit.signing.companion import read_companion

NOT_WRITTEN = "not an SSH signature as ssh-keygen writes it"


def name_for(key: bytes) -> str:
    return f"report.statement-{sha256(key).hexdigest()[:16]}.json"


@pytest.fixture
def read(tmp_path):
    """A function that puts a statement and a signature into a folder and reads them."""

    def put(signature: bytes, *, key: bytes = blob(1), payload: bytes | None = None, name: str = ""):
        name = name or name_for(key)
        (tmp_path / name).write_bytes(written(statement()) if payload is None else payload)
        (tmp_path / f"{name}.sig").write_bytes(signature)
        return read_companion(tmp_path, name)

    return put


def refusal(call, *arguments, **options) -> tuple[str, str]:
    with pytest.raises(EvidenceError) as raised:
        call(*arguments, **options)
    return raised.value.what, raised.value.where


SIG = f"{name_for(blob(1))}.sig"


@pytest.mark.parametrize("hashed", [b"sha256", b"sha512"])
def test_a_signature_is_read(read, hashed):
    found = read(armoured(raw_signature(hashed=hashed)))
    assert (found.name, found.keyid, found.kind) == (name_for(blob(1)), fingerprint(blob(1)), "ssh-ed25519")
    assert (found.public_key, found.payload) == (blob(1), written(statement()))
    assert found.signature == armoured(raw_signature(hashed=hashed))
    assert found.statement.predicate.verdict == "FAIL"


def test_a_certificate_stands_for_its_key(read):
    certified = certificate(blob(1))
    found = read(armoured(raw_signature(certified)), key=certified)
    assert (found.keyid, found.kind) == (fingerprint(blob(1)), "ssh-ed25519-cert-v01@openssh.com")
    assert found.public_key == certified


@pytest.mark.parametrize(
    "signature",
    [
        raw_signature(magic=b"SSHSIH"),
        raw_signature(version=2),
        raw_signature(version=0),
        raw_signature(reserved=b"x"),
        raw_signature(hashed=b"sha1"),
        raw_signature(hashed=b""),
        raw_signature(behind=b"\0"),
        raw_signature(behind=string(b"")),
        raw_signature()[:-1],
        raw_signature(b"")[:10] + string(b""),
        raw_signature(b"\0\0\0\5abc"),
        b"",
    ],
    ids=[
        "magic", "version 2", "version 0", "reserved", "SHA-1", "no hash", "a byte more", "a string more", "cut short",
        "no fields", "a key that is cut short", "nothing",
    ],
)  # fmt: skip
def test_another_signature_is_refused(read, signature):
    assert refusal(read, armoured(signature)) == (NOT_WRITTEN, SIG)


def mangled(how: str) -> bytes:
    text = armoured(raw_signature())
    begin, end = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
    return {
        "another width": armoured(raw_signature(), width=76),
        "no begin": text.removeprefix(begin),
        "no end": text.removesuffix(end),
        "text before": b"x\n" + text,
        "text behind": text + b"x\n",
        "an empty line": text + b"\n",
        "a space": text.replace(b"\n" + end, b" \n" + end),
        "a character that is none": text.replace(b"U1NI", b"U1N*", 1),
        "spare bits": begin + base64.b64encode(raw_signature()).replace(b"\n", b"")[:-2] + b"\n" + end,
        "PEM of something else": text.replace(b"SSH SIGNATURE", b"CERTIFICATE"),
        "binary": raw_signature(),
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "another width", "no begin", "no end", "text before", "text behind", "an empty line", "a space",
        "a character that is none", "spare bits", "PEM of something else", "binary",
    ],
)  # fmt: skip
def test_another_armour_is_refused(read, how):
    assert refusal(read, mangled(how)) == (NOT_WRITTEN, SIG)


@pytest.mark.parametrize(
    ("namespace", "shown"),
    [
        (b"git", "'git'"),
        (b"", "''"),
        (b"auditkit2", "'auditkit2'"),
        (b"\xff", r"'\ufffd'"),
        (b"x" * 70, f"'{'x' * 60}'"),
    ],
)
def test_a_signature_for_another_purpose(read, namespace, shown):
    told = f"an SSH signature for another purpose: {shown}"
    assert refusal(read, armoured(raw_signature(namespace=namespace))) == (told, SIG)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (strings("ssh-foo", b"x"), "a type of key that is not known"),
        (strings("ssh-ed25519", bytes(31)), "the key is malformed"),
        (blob(1) + b"\0", "bytes after the key"),
    ],
)
def test_a_signature_by_a_key_that_is_none(read, key, told):
    assert refusal(read, armoured(raw_signature(key))) == (told, SIG)


# The tie to the statement


OF_ANOTHER = ("the statement is not about the key that signed it", name_for(blob(1)))


def test_a_statement_about_another_key(read):
    payload = written(statement(fingerprint(blob(2))))
    assert refusal(read, armoured(raw_signature()), payload=payload) == OF_ANOTHER


def test_a_signature_by_another_key(read):
    assert refusal(read, armoured(raw_signature(blob(2)))) == OF_ANOTHER


def test_a_name_of_another_key(read):
    other = name_for(key_of("ssh-rsa"))
    assert refusal(read, armoured(raw_signature()), name=other) == (OF_ANOTHER[0], other)


def test_a_certificate_under_the_name_of_its_key(read):
    assert refusal(read, armoured(raw_signature(certificate(blob(1))))) == OF_ANOTHER


def test_a_statement_that_is_none(read):
    what, where = refusal(read, armoured(raw_signature()), payload=b"{}")
    assert what.startswith("not a statement that auditkit knows: ")
    assert where == name_for(blob(1))


@pytest.mark.parametrize("missing", ["statement", "signature"])
def test_half_a_companion(tmp_path, missing):
    name = name_for(blob(1))
    present = f"{name}.sig" if missing == "statement" else name
    (tmp_path / present).write_bytes(
        armoured(raw_signature()) if missing == "statement" else written(statement())
    )
    absent = name if missing == "statement" else f"{name}.sig"
    what, where = refusal(read_companion, tmp_path, name)
    assert "no such file" in what
    assert where == str(tmp_path / absent)


def test_a_signature_larger_than_any(read, monkeypatch):
    monkeypatch.setattr(of_companions, "_SIGNATURE_BYTES", len(armoured(raw_signature())))
    read(armoured(raw_signature()))
    monkeypatch.setattr(of_companions, "_SIGNATURE_BYTES", len(armoured(raw_signature())) - 1)
    assert refusal(read, armoured(raw_signature()))[1].endswith(".sig")


@pytest.mark.parametrize(("size", "read_at_all"), [(65_536, True), (65_537, False)])
def test_64_kib_of_a_signature_are_read(read, size, read_at_all):
    what = refusal(read, armoured(raw_signature()).ljust(size))[0]
    assert (what == NOT_WRITTEN) is read_at_all
    assert ("larger than" in what) is not read_at_all


def test_line_ends_that_explain_it_are_named(read):
    signature = armoured(raw_signature()).replace(b"\n", b"\r\n")
    assert refusal(read, signature) == ("changed in its line ends alone", name_for(blob(1)))
    assert refusal(read, signature[1:]) == (NOT_WRITTEN, SIG)


def test_line_ends_of_a_statement_are_left_to_its_signature(read):
    """JSON reads alike with both."""
    payload = json.dumps(statement(), indent=1).encode().replace(b"\n", b"\r\n")
    assert read(armoured(raw_signature()), payload=payload).payload == payload
