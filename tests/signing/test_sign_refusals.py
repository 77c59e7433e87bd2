"""What is not signed, each with its sentence; and that nothing is written then."""

from __future__ import annotations

import base64
import errno
import json
import os
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from ssh_wire import armoured, blob, certificate, key_file, key_of, line, private, raw_signature, strings

from auditkit.errors import EvidenceError, SigningError, SourceError
from auditkit.report import from_json, render_html, render_markdown, to_json
from auditkit.signing import companion as of_companions
from auditkit.signing import (
    fingerprint,
    load_private_key,
    require_signable,
    sign_companion,
    sign_report,
)
from auditkit.signing.bundle import parse_bundle
from auditkit.signing.companion import read_companion

BUNDLE = "report.intoto.jsonl"
AGAIN = "audit again and sign the new folder"


@dataclass(frozen=True)
class Signer:
    """A key that signs as it is told to."""

    number: int = 1
    signs: int = 1

    @property
    def public_key(self) -> bytes:
        return blob(self.number)

    def sign(self, data: bytes) -> bytes:
        return private(self.signs).sign(data)


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        path.relative_to(folder).as_posix(): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def refusal(folder: Path, call=sign_report, *arguments, **options) -> tuple[str, str, str]:
    """What is said; the folder is as it was."""
    before = contents(folder)
    with pytest.raises(SigningError) as raised:
        call(folder, *(arguments or (Signer(),)), **options)
    assert contents(folder) == before
    return raised.value.what, raised.value.where, raised.value.hint


def test_what_is_signed(report):
    assert sign_report(report, Signer(), auditor="Alice", now=1_800_000_000) == fingerprint(blob(1))
    (pair,) = parse_bundle((report / BUNDLE).read_bytes())
    said = pair.report.predicate
    assert (said.auditor.keyid, said.auditor.name, said.signed_at) == (
        fingerprint(blob(1)),
        "Alice",
        "2027-01-15T08:00:00Z",
    )
    assert {subject.name for subject in pair.report.subject} == contents(report).keys() - {BUNDLE}


def test_the_clock_is_asked_once_nobody_says_when(report, monkeypatch):
    monkeypatch.setattr("auditkit.signing.sign.time.time", lambda: 1_800_000_000.9)
    sign_report(report, Signer())
    (pair,) = parse_bundle((report / BUNDLE).read_bytes())
    assert pair.report.predicate.signed_at == "2027-01-15T08:00:00Z"


@pytest.mark.parametrize("now", [0, 0.9])
def test_a_time_of_zero_is_a_time(report, now):
    sign_report(report, Signer(), now=now)
    (pair,) = parse_bundle((report / BUNDLE).read_bytes())
    assert pair.report.predicate.signed_at == "1970-01-01T00:00:00Z"


# Names


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "a\0", "\u202e"])
def test_a_name_that_cannot_be_used(report, name):
    told = ("this cannot be the name of an auditor", "", "give 1 to 200 printable characters")
    assert refusal(report, auditor=name) == told
    with pytest.raises(SigningError, match="this cannot be the name of an auditor"):
        require_signable(report, auditor=name)


@pytest.mark.parametrize("name", [None, "x", "x" * 200, "Zoë Ångström"])
def test_a_name_that_can_be_used(report, name):
    found, files = require_signable(report, auditor=name)
    assert found.path == report
    assert "audit.json" in files.digests


# What was looked at


def test_what_was_looked_at_is_signed_and_nothing_else(report):
    seen = sha256((report / "audit.json").read_bytes()).hexdigest()
    told = ("audit.json changed while it was looked at", str(report), "look at it and sign again")
    assert refusal(report, seen="0" * 64) == told
    assert refusal(report, seen=seen.upper()) == told
    sign_report(report, Signer(), seen=seen)


# The folder


def changed(report: Path, change) -> None:
    """The report with another `audit.json`, and pages that tell it."""
    value = json.loads((report / "audit.json").read_bytes())
    change(value)
    document = from_json(json.dumps(value).encode())
    (report / "audit.json").write_bytes(to_json(document))
    (report / "report.html").write_text(render_html(document))
    (report / "report.md").write_text(render_markdown(document))


def of_an_older_policy(value: dict) -> None:
    value["policies"] = {"strict": "strict/1", "overlap": "overlap/1"}
    value["qualifications"] = []
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 41]


def test_a_report_of_an_older_policy(report):
    changed(report, of_an_older_policy)
    assert refusal(report) == (
        "the report was judged by strict/1, an older policy that demands less",
        str(report),
        "audit again and sign the new report",
    )


def test_a_folder_with_something_else_in_it(report):
    (report / "notes").write_text("mine")
    (report / "zebra").write_text("mine")
    assert refusal(report) == (
        "the folder holds what is not part of a report: notes",
        str(report),
        "remove it, or sign a folder that auditkit wrote",
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("evidence/vmlinuz", "vmlinuz was changed"),
        ("evidence/SHA256SUMS", "SHA256SUMS does not list these files"),
        ("report.html", "report.html"),
        ("report.md", "report.md"),
    ],
)
def test_a_folder_that_is_not_what_its_document_says(report, name, told):
    data = (report / name).read_bytes()
    (report / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert refusal(report) == (f"the folder is not what its audit.json says: {told}", str(report), AGAIN)


def test_a_report_of_another_version_is_signed(report):
    """Its pages cannot be compared, which is a warning and no failure."""
    value = json.loads((report / "audit.json").read_bytes())
    value["tool"]["version"] = "0.0.1"
    (report / "audit.json").write_bytes(to_json(from_json(json.dumps(value).encode())))
    assert sign_report(report, Signer()) == fingerprint(blob(1))


def test_no_report(tmp_path, report):
    with pytest.raises(SourceError):
        sign_report(tmp_path / "none", Signer())
    (report / "audit.json").write_text("{}")
    with pytest.raises(EvidenceError):
        sign_report(report, Signer())


# The bundle that is there


DAMAGED = "the signatures that are there already are damaged: "
FETCH = "get the bundle again from whoever signed it"


def test_a_damaged_bundle_is_not_added_to(report):
    (report / BUNDLE).write_bytes(b"x")
    told = f"{DAMAGED}the last line of the bundle is cut short"
    assert refusal(report) == (told, str(report / BUNDLE), FETCH)


def test_a_bundle_that_is_a_link_is_not_added_to(report, tmp_path):
    """A link is strange in the folder anyway, and a dangling one is no missing bundle."""
    (report / BUNDLE).symlink_to(tmp_path / "nowhere")
    assert refusal(report)[0] == f"the folder holds what is not part of a report: {BUNDLE}"


def test_a_key_that_signs_with_another(report):
    assert refusal(report, sign_report, Signer(signs=2)) == (
        "the key gave a signature that is not its own",
        fingerprint(blob(1)),
        "try another key",
    )


@pytest.mark.parametrize(
    ("error", "why"),
    [(OSError(errno.ENOSPC, "No space left on device"), "no space left on device"), (OSError("Odd"), "odd")],
)
def test_a_bundle_that_cannot_be_written(report, monkeypatch, error, why):
    def full(path, data):
        raise error

    sign_report(report, Signer(2, 2))
    monkeypatch.setattr("auditkit.signing.sign.write_atomically", full)
    assert refusal(report) == (
        f"the bundle cannot be written: {why}",
        str(report / BUNDLE),
        "the bundle is as it was; make room and sign again",
    )


# SSH signatures


@pytest.fixture
def key(tmp_path) -> Path:
    """A private key file with its public half beside it."""
    path = tmp_path / "key"
    path.write_bytes(key_file(1))
    path.with_name("key.pub").write_text(f"{line(blob(1))} somebody\n")
    return path


@pytest.fixture
def signing(monkeypatch, tmp_path):
    """A function that says what ``ssh-keygen -Y sign`` does, and a list of how it was called."""
    calls: list[tuple[list[str], bytes, dict]] = []

    def put(signature: bytes | None, status: int = 0, err: bytes = b"", error: Exception | None = None):
        def run(command, **options):
            file = Path(command[-1])
            calls.append((command, file.read_bytes(), options))
            if error is not None:
                raise error
            if signature is not None:
                file.with_name(f"{file.name}.sig").write_bytes(signature)
            return subprocess.CompletedProcess(command, status, b"", err)

        monkeypatch.setattr(of_companions, "ssh_keygen", lambda: "/usr/bin/ssh-keygen")
        monkeypatch.setattr(of_companions.subprocess, "run", run)
        return calls

    return put


NAME = f"report.statement-{sha256(blob(1)).hexdigest()[:16]}.json"


def test_what_is_signed_beside_the_bundle(report, key, signing):
    calls = signing(armoured(raw_signature()))
    keyid, place = sign_companion(report, key, auditor="Alice", now=5)
    assert (keyid, place) == (fingerprint(blob(1)), report / NAME)
    ((command, payload, options),) = calls
    assert command[:-1] == ["/usr/bin/ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", "auditkit"]
    assert (options["timeout"], options["capture_output"], options["check"]) == (180, True, False)
    assert payload == place.read_bytes()
    found = read_companion(report, NAME)
    assert found.signature == armoured(raw_signature())
    assert found.statement.predicate.auditor.name == "Alice"
    assert found.statement.predicate.signed_at == "1970-01-01T00:00:05Z"


def test_what_was_looked_at_is_signed_beside_the_bundle_too(report, key, signing):
    signing(armoured(raw_signature()))
    assert (
        refusal(report, sign_companion, key, seen="0" * 64)[0] == "audit.json changed while it was looked at"
    )


@pytest.mark.parametrize(
    ("answer", "told", "hint"),
    [
        (
            {"signature": None, "status": 255, "err": b"x\nno agent\n"},
            "ssh-keygen did not sign: no agent",
            "nothing was written",
        ),
        ({"signature": None, "status": 1}, "ssh-keygen did not sign: it did not say why", "nothing was written"),
        (
            {"signature": None, "error": OSError(8, "Exec format error")},
            "ssh-keygen did not sign: [Errno 8] Exec format error",
            "",
        ),
        (
            {"signature": None, "error": subprocess.TimeoutExpired("x", 180)},
            "ssh-keygen did not sign: Command 'x' timed out after 180 seconds",
            "",
        ),
        ({"signature": armoured(raw_signature(blob(2)))}, "ssh-keygen signed with another key", ""),
    ],
    ids=range(5),
)  # fmt: skip
def test_an_ssh_keygen_that_does_not_sign(report, key, signing, answer, told, hint):
    signing(**answer)
    assert refusal(report, sign_companion, key) == (told, str(key), hint)


def test_a_companion_that_cannot_be_written(report, key, signing, monkeypatch):
    def full(files):
        raise SourceError("the disk is full", where="there", hint="make room")

    signing(armoured(raw_signature()))
    monkeypatch.setattr(of_companions, "write_together", full)
    assert refusal(report, sign_companion, key) == ("the disk is full", "there", "nothing was written")


# The public half


PUBLIC = f"{line(blob(1))}\n"


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC,
        PUBLIC.strip(),
        f"{line(blob(1))} a comment\n",
        f"{line(certificate(blob(1)))}\n",
        f"{line(key_of('sk-ssh-ed25519@openssh.com'))}\n",
        f"{line(key_of('ecdsa-sha2-nistp256'))}\n",
    ],
    ids=["plain", "no line end", "comment", "certificate", "security key", "ECDSA"],
)
def test_a_public_half_in_the_file_itself(report, tmp_path, signing, text):
    public = base64.b64decode(text.split()[1])
    signing(armoured(raw_signature(public)))
    (tmp_path / "key").write_text(text)
    _, place = sign_companion(report, tmp_path / "key")
    assert place.name == f"report.statement-{sha256(public).hexdigest()[:16]}.json"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        line(blob(1)).split()[1],
        f"# {PUBLIC}",
        f"{PUBLIC}{PUBLIC}",
        f"{PUBLIC}\n",
        f" {PUBLIC}",
        "ssh-ed25519 AAA\n",
        f"restrict {PUBLIC}",
        f"{line(blob(1))}\tx\n",
    ],
    ids=range(10),
)
def test_no_public_half(report, tmp_path, signing, text):
    signing(armoured(raw_signature()))
    key = tmp_path / "key"
    key.write_bytes(key_file(1))
    key.with_name("key.pub").write_text(text)
    told = ("the public half of the key is not there", str(key), "it should be in key.pub")
    assert refusal(report, sign_companion, key) == told
    key.with_name("key.pub").unlink()
    assert refusal(report, sign_companion, key) == told


@pytest.mark.parametrize(
    ("public", "why"),
    [
        (strings("ssh-foo", b"x"), "a type of key that is not known"),
        (strings("ssh-ed25519", bytes(31)), "the key is malformed"),
    ],
)
def test_a_public_half_of_no_use(report, tmp_path, signing, public, why):
    signing(armoured(raw_signature()))
    (tmp_path / "key").write_text(f"ssh-ed25519 {base64.b64encode(public).decode()}\n")
    assert refusal(report, sign_companion, tmp_path / "key") == (
        f"the public half of the key cannot be used: {why}",
        str(tmp_path / "key"),
        "",
    )


def test_no_ssh_keygen(report, key, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert refusal(report, sign_companion, key) == (
        "ssh-keygen is not installed",
        "",
        "install OpenSSH's client programs",
    )


def test_a_loaded_key_signs_a_report(report, key):
    assert sign_report(report, load_private_key(key, lambda _: "")) == fingerprint(blob(1))
