"""The statement about a build: its one form, who signed it, and the image that it is about."""

from __future__ import annotations

import base64
import errno
import json
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
from commands import in_process as command
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from auditkit.errors import EvidenceError, SigningError, SourceError
from auditkit.signing import read_trust_list
from auditkit.signing.building import (
    BuildStatement,
    Resource,
    ResourceDigest,
    build_bytes,
    build_statement,
    checks,
    parse_build_statement,
    sign_build,
    statement_schema,
    verify_build,
)
from auditkit.trust import trust_named

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "build-v1.json"
IMAGE = b"an image"
ROOT = "ab" * 32


INPUTS = (
    Resource(name="base", digest=ResourceDigest(sha256="cd" * 32)),
    Resource(name="proposal", digest=ResourceDigest(sha256="12" * 32)),
    Resource(name="root", digest=ResourceDigest(dm_verity=ROOT)),
)


def made(
    name: str = "update-img.tar.zst",
    image: bytes = IMAGE,
    root_key: str = "mainnet",
    version: str = "a version\n",
    inputs: tuple[Resource, ...] = INPUTS,
) -> BuildStatement:
    return build_statement(
        name,
        sha256(image).hexdigest(),
        parameters={
            "proposal_id": 139000,
            "rootfs_hash": ROOT,
            "root_key": root_key,
            "version": version,
        },
        settings={"zstd_level": 10, "zstd_job_bytes": 8 << 20, "zstd_overlap_log": 3},
        inputs=inputs,
        byproducts=(Resource(name="update-img.tar", digest=ResourceDigest(sha256="ef" * 32)),),
        e2fsprogs="1.47.0",
        libzstd="1.5.7",
    )


@pytest.fixture(autouse=True)
def _made_up_image(monkeypatch):
    """The image is none, so nothing can be read out of it; tests/test_cli_build_image.py has real ones."""
    for module in ("sign", "verification"):
        monkeypatch.setattr(f"auditkit.signing.building.{module}.contradiction", lambda *_: None)


@pytest.fixture
def statement(tmp_path) -> Path:
    """A statement with its image beside it."""
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "update-img.tar.zst").write_bytes(IMAGE)
    (folder / "build.json").write_bytes(build_bytes(made()))
    return folder / "build.json"


def signatures(statement: Path) -> Path:
    return statement.with_name("build.intoto.jsonl")


def outcomes(statement: Path, trust_file: Path, **more) -> dict[str, str]:
    verified = verify_build(statement, read_trust_list(trust_file), **more)
    return {one.id.removeprefix("build."): one.outcome.value for one in verified.decisions}


def verdict(statement: Path, trust_file: Path, **more) -> str:
    return verify_build(statement, read_trust_list(trust_file), **more).judgement.verdict.value


# Its form


def test_it_follows_the_published_schema():
    schema = json.loads(PUBLISHED.read_text())
    assert schema == statement_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(build_bytes(made()))
    jsonschema.Draft202012Validator(schema).validate(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**document, "more": 1})


def test_what_is_written_is_read():
    assert parse_build_statement(build_bytes(made())) == made()


def test_a_name_is_written_as_it_is():
    assert '"name": "für-uns.tar.zst"'.encode() in build_bytes(made("für-uns.tar.zst"))


def test_its_json_by_hand():
    assert build_bytes(made()).startswith(
        b'{\n  "_type": "https://in-toto.io/Statement/v1",\n  "subject": [\n    {\n'
    )
    document = json.loads(build_bytes(made()))
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"
    # printf 'an image' | sha256sum
    assert (
        document["subject"][0]["digest"]["sha256"]
        == "a5df3fde7b200c3fa2791144c7e05c5c2bced4c6ad863d3a4cf76c972c1712f9"
    )
    definition = document["predicate"]["buildDefinition"]
    assert definition["internalParameters"] == {
        "zstdLevel": 10, "zstdJobBytes": 8388608, "zstdOverlapLog": 3,
    }  # fmt: skip
    assert definition["resolvedDependencies"] == [
        {"name": "base", "digest": {"sha256": "cd" * 32}},
        {"name": "proposal", "digest": {"sha256": "12" * 32}},
        {"name": "root", "digest": {"dmVerity": ROOT}},
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"zstdLevel": 10', b'"zstdLevel": 10,\n        "more": 1'),
        (b'"zstdLevel": 10', b'"zstdLevel":  10'),
        (b'"zstdLevel": 10', b'"zstdLevel": "10"'),
        (b'"zstdLevel": 10', b'"zstdLevel": -1'),
        (b"https://slsa.dev/provenance/v1", b"https://slsa.dev/provenance/v0.2"),
        (b"urn:auditkit:build-image:v1", b"urn:auditkit:build-image:v2"),
        (b'"name": "update-img.tar.zst"', b'"name": "../update-img.tar.zst"'),
        (b'"name": "update-img.tar.zst"', b'"name": ".."'),
        (b'"name": "update-img.tar.zst"', b'"name": "."'),
        (b'"name": "update-img.tar.zst"', b'"name": ""'),
        (b'"name": "update-img.tar.zst"', b'"name": "/etc/passwd"'),
        (b'"name": "update-img.tar.zst"', b'"name": "a\\u001b[2Jb"'),
        (b'"proposalId": 139000', b'"proposalId": 139000, "proposalId": 139000'),
        (b'"mainnet"', b'"practice"'),
        (ROOT.encode(), ROOT.upper().encode()),
        (b'"libzstd": "1.5.7"', b'"libzstd": "1.5.7", "evil": "1"'),
        (b'"libzstd": "1.5.7"', b'"libzstd": "1.5.7\\n"'),
        (b"}\n", b"}"),
        (b"{", b"{{"),
    ],
)
def test_another_form_is_refused(old, new):
    data = build_bytes(made())
    changed = data.replace(old, new, 1) if old != b"}\n" else data[:-1]
    assert changed != data
    with pytest.raises(EvidenceError):
        parse_build_statement(changed)


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "a/b", "a\nb", "x" * 201])
def test_an_image_cannot_be_called_so(name):
    with pytest.raises(EvidenceError, match="cannot stand in the statement"):
        made(name)


def known(name: str, **digest: str) -> Resource:
    return Resource(name=name, digest=ResourceDigest(**digest))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (INPUTS[1:], "does not name the SHA-256 of the base"),
        ((INPUTS[0], INPUTS[2]), "does not name the SHA-256 of the proposal"),
        (INPUTS[:2], "does not name the dm-verity root"),
        ((*INPUTS, INPUTS[0]), "two inputs are called base"),
        ((*INPUTS, known("proposal", sha256="34" * 32)), "two inputs are called proposal"),
        ((*INPUTS, known("root", dm_verity=ROOT, sha256="34" * 32)), "two inputs are called root"),
        ((known("base", dm_verity=ROOT), *INPUTS[1:]), "does not name the SHA-256 of the base"),
        ((*INPUTS[:2], known("root", sha256=ROOT)), "does not name the dm-verity root"),
        ((*INPUTS, known("election.cbor")), "the input election.cbor has no digest"),
        ((*INPUTS[:2], known("root", dm_verity="34" * 32)), "not the one that is blessed"),
    ],
)
def test_inputs_that_nothing_is_built_from(inputs, said):
    with pytest.raises(EvidenceError, match=said):
        made(inputs=inputs)


def test_a_statement_with_inputs_that_nothing_is_built_from_is_refused():
    data = build_bytes(made()).replace(b'"name": "base"', b'"name": "bass"')
    with pytest.raises(EvidenceError, match="does not name the SHA-256 of the base"):
        parse_build_statement(data)


@pytest.mark.parametrize("version", ["", "\n", "two\nlines", "a\x1b[2Jb", "\u202eb", "a\n\n"])
def test_a_version_that_is_not_one_line(version):
    with pytest.raises(EvidenceError, match="cannot stand in the statement"):
        made(version=version)


@pytest.mark.parametrize("version", ["a", "a b\n", "a\r\n"])
def test_a_version_that_is_one_line(version):
    assert made(version=version).parameters.version == version


# Signing it


def test_a_signature_is_over_the_file_itself(statement, alice):
    sign_build(statement, alice.signer())
    (line,) = signatures(statement).read_bytes().splitlines()
    envelope = json.loads(line)
    payload = base64.b64decode(envelope["payload"])
    assert payload == statement.read_bytes()
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    load_ssh_public_key(alice.public_line.encode()).verify(
        base64.b64decode(envelope["signatures"][0]["sig"]), signed
    )
    assert envelope["signatures"][0]["keyid"] == alice.keyid


def test_signed_by_one_of_the_list(statement, alice, trust_file):
    sign_build(statement, alice.signer())
    verified = verify_build(statement, read_trust_list(trust_file))
    assert verified.judgement.verdict.value == "PASS"
    assert {one.outcome.value for one in verified.decisions} == {"pass"}
    (left_open,) = verified.not_covered
    assert left_open.startswith("Whether the image follows from the base and the programs that are named")
    assert [(one.principals, one.keyid) for one in verified.signers] == [
        (("alice@example.org",), alice.keyid)
    ]


def test_two_builders(statement, alice, bob, trust_file):
    sign_build(statement, alice.signer())
    assert outcomes(statement, trust_file, at_least=2)["signers"] == "fail"
    sign_build(statement, bob.signer())
    assert verdict(statement, trust_file, at_least=2) == "PASS"


def test_a_key_signs_once(statement, alice):
    sign_build(statement, alice.signer())
    before = signatures(statement).read_bytes()
    with pytest.raises(SigningError, match="signed the statement already"):
        sign_build(statement, alice.signer())
    assert signatures(statement).read_bytes() == before


def test_without_the_image_nothing_is_signed(statement, alice):
    (statement.parent / "update-img.tar.zst").unlink()
    with pytest.raises(SigningError, match="cannot be read: there is no such file"):
        sign_build(statement, alice.signer())
    assert not signatures(statement).exists()


def test_beside_another_image_nothing_is_signed(statement, alice):
    (statement.parent / "update-img.tar.zst").write_bytes(b"another")
    with pytest.raises(SigningError, match="is not the one that the statement is about"):
        sign_build(statement, alice.signer())
    assert not signatures(statement).exists()


def test_what_is_no_statement_is_not_signed(statement, alice):
    statement.write_text("{}")
    with pytest.raises(EvidenceError, match="not a statement that auditkit knows"):
        sign_build(statement, alice.signer())


def test_a_statement_that_changed_after_it_was_shown_is_not_signed(statement, alice):
    with pytest.raises(SigningError, match="changed while it was looked at"):
        sign_build(statement, alice.signer(), seen=b"what was shown")


def test_what_the_image_contradicts_is_not_signed(statement, alice, monkeypatch):
    monkeypatch.setattr("auditkit.signing.building.sign.contradiction", lambda *_: "it holds no proposal")
    with pytest.raises(SigningError) as raised:
        sign_build(statement, alice.signer())
    assert raised.value.what == "the image is not what the statement says of it"
    assert raised.value.where == str(statement.with_name("update-img.tar.zst"))
    assert (raised.value.observed, raised.value.hint) == ("it holds no proposal", "build it again")
    assert not signatures(statement).exists()


def test_a_signature_that_cannot_be_written(statement, alice, bob, monkeypatch):
    sign_build(statement, alice.signer())
    before = signatures(statement).read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("auditkit.signing.building.sign.write_atomically", full)
    with pytest.raises(SigningError) as raised:
        sign_build(statement, bob.signer())
    assert raised.value.what == "the signature cannot be written: no space left on device"
    assert raised.value.where == str(signatures(statement))
    assert raised.value.hint == "what was there is as it was; make room and sign again"
    assert signatures(statement).read_bytes() == before


@pytest.mark.parametrize("there", [b"", b"noise\n", b"{}\n", b"{}"])
def test_beside_damaged_signatures_nothing_is_signed(there, statement, alice):
    signatures(statement).write_bytes(there)
    with pytest.raises(SigningError, match="are damaged"):
        sign_build(statement, alice.signer())
    assert signatures(statement).read_bytes() == there


def test_beside_signatures_of_another_statement_nothing_is_signed(statement, alice, bob):
    sign_build(statement, alice.signer())
    statement.write_bytes(build_bytes(made(image=b"another image")))
    (statement.parent / "update-img.tar.zst").write_bytes(b"another image")
    with pytest.raises(SigningError, match="over another statement"):
        sign_build(statement, bob.signer())


# Verifying it


def test_nobody_signed(statement, trust_file):
    assert outcomes(statement, trust_file) == {
        "statement": "pass", "signatures": "fail", "keys": "pass", "signers": "fail", "image": "pass",
        "contents": "pass",
    }  # fmt: skip


def test_somebody_else_signed(statement, new_key, trust_file):
    sign_build(statement, new_key("mallory").signer())
    found = outcomes(statement, trust_file)
    assert (found["keys"], found["signers"]) == ("warn", "fail")
    assert verdict(statement, trust_file) == "FAIL"


def test_a_changed_statement(statement, alice, trust_file):
    sign_build(statement, alice.signer())
    statement.write_bytes(statement.read_bytes().replace(b"139000", b"139001"))
    assert outcomes(statement, trust_file)["signatures"] == "fail"
    assert verdict(statement, trust_file) == "FAIL"


def test_a_changed_statement_and_payload(statement, alice, trust_file):
    sign_build(statement, alice.signer())
    envelope = json.loads(signatures(statement).read_bytes())
    changed = statement.read_bytes().replace(b"139000", b"139001")
    statement.write_bytes(changed)
    envelope["payload"] = base64.b64encode(changed).decode()
    signatures(statement).write_text(json.dumps(envelope, separators=(",", ":")) + "\n")
    found = outcomes(statement, trust_file)
    assert (found["signatures"], found["keys"], found["signers"]) == ("pass", "fail", "fail")


def test_another_key_s_name(statement, new_key, alice, trust_file):
    sign_build(statement, new_key("mallory").signer())
    text = signatures(statement).read_text()
    signatures(statement).write_text(text.replace(new_key("mallory").keyid, alice.keyid))
    assert outcomes(statement, trust_file)["keys"] == "fail"


def test_more_signatures_than_anybody_needs(statement, alice, trust_file):
    sign_build(statement, alice.signer())
    line = signatures(statement).read_bytes()
    signatures(statement).write_bytes(line * 1_001)
    verified = verify_build(statement, read_trust_list(trust_file))
    assert (
        verified.decisions[1].observed == "build.intoto.jsonl: there are more signatures than anybody needs"
    )
    assert verified.judgement.verdict.value == "FAIL"


@pytest.mark.parametrize(
    ("options", "now", "verdict"),
    [
        ('valid-before="20200101Z"', None, "FAIL"),
        ('valid-before="20200101Z"', 1_577_836_799, "PASS"),  # date -ud 2020-01-01 +%s gives one more
        ('valid-after="20200101Z"', None, "PASS"),
        ('valid-after="20200101Z"', 1_577_836_799, "FAIL"),
    ],
)
def test_a_key_counts_while_it_is_valid(statement, alice, tmp_path, options, now, verdict):
    sign_build(statement, alice.signer())
    (tmp_path / "limited").write_text(f"alice {options} {alice.public_line}\n")
    verified = verify_build(statement, read_trust_list(tmp_path / "limited"), now=now)
    assert verified.judgement.verdict.value == verdict


def test_a_revoked_key(statement, alice, trust_file, tmp_path):
    sign_build(statement, alice.signer())
    (tmp_path / "revoked").write_text(alice.public_line + "\n")
    verified = verify_build(statement, read_trust_list(trust_file, tmp_path / "revoked"))
    assert verified.judgement.verdict.value == "FAIL"
    assert verified.signers == ()


def test_another_image(statement, alice, trust_file):
    sign_build(statement, alice.signer())
    (statement.parent / "update-img.tar.zst").write_bytes(b"another")
    assert outcomes(statement, trust_file)["image"] == "fail"
    assert verdict(statement, trust_file) == "FAIL"
    assert len(verify_build(statement, read_trust_list(trust_file)).not_covered) == 1  # it is there


def test_without_the_image_it_is_told_which_one_it_must_be(statement, alice, trust_file):
    sign_build(statement, alice.signer())
    (statement.parent / "update-img.tar.zst").unlink()
    verified = verify_build(statement, read_trust_list(trust_file))
    assert verified.judgement.verdict.value == "PASS"
    assert outcomes(statement, trust_file)["image"] == "warn"
    assert verified.not_covered[1:] == (
        f"The image: it is not beside the statement. It must have SHA-256 {sha256(IMAGE).hexdigest()}. What the "
        "statement says of it, its proposal and its root file system too, is the builder's word.",
    )
    assert outcomes(statement, trust_file)["contents"] == "skip"


def test_an_image_that_contradicts_the_statement(statement, alice, trust_file, monkeypatch):
    sign_build(statement, alice.signer())
    asked = []

    def contradicts(*what):
        asked.append(what)
        return "it holds no proposal"

    monkeypatch.setattr("auditkit.signing.building.verification.contradiction", contradicts)
    verified = verify_build(statement, read_trust_list(trust_file))
    contents = verified.decisions[-1]
    assert asked == [(statement.with_name("update-img.tar.zst"), made())]
    assert (contents.id, contents.outcome.value) == ("build.contents", "fail")
    assert (contents.observed, contents.reason) == (
        "it holds no proposal",
        "The image is not what the statement says of it.",
    )
    assert verified.judgement.verdict.value == "FAIL"


def test_a_pass_without_the_image_is_no_pass_alone(statement, alice, trust_file, capsys):
    sign_build(statement, alice.signer())
    (statement.parent / "update-img.tar.zst").unlink()
    verify = ("verify-report", "--statement", statement, "--allowed-signers", trust_file)
    status, out, _ = command(*verify, capsys=capsys)
    assert status == 0
    assert out.splitlines()[-1].startswith("PASS, qualified: image-not-read: ")
    _, out, _ = command(*verify, "--json", capsys=capsys)
    assert json.loads(out)["qualifications"] == ["image-not-read"]


def test_what_is_no_statement(statement, trust_file):
    statement.write_text("{}")
    found = outcomes(statement, trust_file)
    assert found.pop("statement") == "fail"
    assert set(found.values()) == {"skip"}
    assert verdict(statement, trust_file) == "FAIL"


def test_no_statement_at_all(tmp_path, trust_file):
    with pytest.raises(SourceError, match="there is no such file"):
        verify_build(tmp_path / "build.json", read_trust_list(trust_file))


# The commands


def test_sign_and_verify(statement, alice, trust_file, capsys):
    status, out, err = command("sign", "--statement", statement, "--key", alice.path, "--yes", capsys=capsys)
    assert status == 0
    assert out == f"signed by {alice.keyid}: {signatures(statement)}\n"
    assert f"update-img.tar.zst: SHA-256 {sha256(IMAGE).hexdigest()}" in err
    assert "built for proposal 139000" in err
    verify = ("verify-report", "--statement", statement, "--allowed-signers", trust_file)
    status, out, _ = command(*verify, capsys=capsys)
    assert status == 0
    assert f"signed by alice@example.org, {alice.keyid}" in out
    assert "root key: mainnet" in out
    status, out, _ = command(*verify, "--at-least", "2", "--json", capsys=capsys)
    document = json.loads(out)
    assert (status, document["verdict"], document["schema"]) == (1, "FAIL", "auditkit/verify-build/v1")
    assert document["image_sha256"] == sha256(IMAGE).hexdigest()
    assert document["signers"] == [{"principal": "alice@example.org", "keyid": alice.keyid, "line": 1}]
    schema = json.loads(PUBLISHED.with_name("verify-build-v1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize(
    ("root_key", "claim", "name", "told"),
    [
        (
            trust_named("practice").root_key.hex(),
            "(practice network)",
            "practice-network",
            "root key: the practice network's",
        ),
        ("abcd", "(another root key)", "other-root-key", "root key: not that of mainnet: abcd"),
    ],
)
def test_a_foreign_root_key_stands_beside_the_verdict(
    root_key, claim, name, told, statement, alice, trust_file, capsys
):
    statement.write_bytes(build_bytes(made(root_key=root_key)))
    sign_build(statement, alice.signer())
    verify = ("verify-report", "--statement", statement, "--allowed-signers", trust_file)
    status, out, _ = command(*verify, capsys=capsys)
    assert status == 0
    assert out.splitlines()[-1].startswith(f"PASS {claim}: ")
    assert f"\n  {name}: " in out
    assert f"\n  {told}\n" in out
    status, out, _ = command(*verify, "--at-least", "2", capsys=capsys)
    assert status == 1
    assert out.splitlines()[-1].startswith(f"FAIL {claim}: ")
    _, out, _ = command(*verify, "--json", capsys=capsys)
    assert json.loads(out)["qualifications"] == [name]


@pytest.mark.parametrize("words", [("sign", "--key"), ("verify-report", "--allowed-signers")])
def test_a_folder_in_the_place_of_the_statement(words, statement, alice, trust_file, capsys):
    more = alice.path if words[0] == "sign" else trust_file
    status, _, err = command(*words, more, "--statement", statement.parent, capsys=capsys)
    assert status == 2
    assert f"this is a folder; give {statement}" in err


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (("sign", "report", "--key", "k"), "REPORT_DIR"),
        (("sign", "--key", "k", "--auditor", "Alice"), "--auditor"),
        (("sign", "--key", "k", "--ssh-signature"), "--ssh-signature"),
        (("verify-report", "report", "--allowed-signers", "f"), "REPORT_DIR"),
        (("verify-report", "--allowed-signers", "f", "--require", "PASS"), "--require"),
        (("verify-report", "--allowed-signers", "f", "--replay"), "--replay"),
        (("verify-report", "--allowed-signers", "f", "--html", "x.html"), "--html"),
        (("verify-report", "--allowed-signers", "f", "--base-image", "x"), "--base-image"),
        (("verify-report", "--allowed-signers", "f", "--registry", "x"), "--registry"),
    ],
)
def test_what_is_about_reports_is_refused(words, about, statement, capsys):
    status, _, err = command(*words, "--statement", statement, capsys=capsys)
    assert status == 2
    assert f"{about} is about reports, and --statement about a build" in err


@pytest.mark.parametrize("words", [("sign", "--key", "k"), ("verify-report", "--allowed-signers", "f")])
def test_one_of_the_two_is_needed(words, capsys):
    status, _, err = command(*words, capsys=capsys)
    assert status == 2
    assert "REPORT_DIR is missing" in err


def test_the_checks_of_a_statement_are_numbered_as_the_pages_number_them():
    asked = (checks.STATEMENT, checks.SIGNATURES, checks.KEYS, checks.SIGNERS, checks.IMAGE, checks.CONTENTS)
    assert [check.number for check in asked] == [1, 2, 3, 4, 5, 6]
