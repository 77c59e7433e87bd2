"""Checks 1 to 3, and what a report folder may hold: one file changed, one sentence."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.limits import LIMITS
from auditkit.report import from_json, read_report_folder, to_json
from auditkit.signing import TrustList, verify_report
from auditkit.signing import folder_files as files_of
from auditkit.signing.folder_files import (
    UNREAD,
    check_document,
    check_evidence,
    check_renderings,
    read_folder_files,
)
from auditkit.signing.line_ends import how_changed, unix_line_ends

ONLY_LINE_ENDS = "in its line ends alone"
CLONE = (
    " Line ends were turned from LF into CRLF, as git does where core.autocrlf is set: clone or copy the folder again "
    "without that (git -c core.autocrlf=false clone)."
)
CHANGED = "The evidence is not that of this report."


@pytest.fixture
def document(report):
    return read_report_folder(report).document


def evidence(report, document):
    made = check_evidence(document, read_folder_files(report, document), report)
    assert (made.number, made.id) == (2, "report.evidence")
    return str(made.outcome), made.observed, made.reason


def renderings(report, document):
    made = check_renderings(document, report)
    assert (made.number, made.id) == (3, "report.renderings")
    return str(made.outcome), made.observed, made.reason


# The files


def test_what_is_in_a_folder(report, document):
    found = read_folder_files(report, document)
    assert set(found.digests) == {
        path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()
    }
    for name, digest in found.digests.items():
        data = (report / name).read_bytes()
        assert (digest, found.sizes[name]) == (sha256(data).hexdigest(), len(data))
    assert (found.strange, found.companions) == ((), ())


COMPANION = "report.statement-0123456789abcdef.json"


@pytest.mark.parametrize(
    ("name", "kind", "place"),
    [
        ("README", "file", "strange"),
        ("evidence/more", "file", "digests"),
        ("evidence/deep/more", "file", "digests"),
        ("more/report.html", "file", "strange"),
        ("empty", "folder", "strange"),
        ("evidence/empty", "folder", "strange"),
        ("report.intoto.jsonl", "file", None),
        ("report.intoto.jsonl", "folder", "strange"),
        ("report.intoto.jsonl", "link", "strange"),
        ("evidence/link", "link", "strange"),
        ("evidence/pipe", "pipe", "strange"),
        ("folder-link", "folder link", "strange"),
        (COMPANION, "file", "companions"),
        (f"{COMPANION}.sig", "file", "companions"),
        (COMPANION, "link", "strange"),
        (f"evidence/{COMPANION}", "file", "digests"),
        ("report.statement-0123456789abcde.json", "file", "strange"),
        ("report.statement-0123456789ABCDEF.json", "file", "strange"),
        (f"{COMPANION}.sig.sig", "file", "strange"),
        (f"x{COMPANION}", "file", "strange"),
    ],
)
def test_what_belongs_into_a_folder(report, document, tmp_path, name, kind, place):
    path = report / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.write_bytes(b"more")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "target").mkdir() if kind == "folder link" else (tmp_path / "target").write_bytes(b"more")
        path.symlink_to(tmp_path / "target")
    before = read_folder_files(report, document)
    found = {place for place in ("digests", "strange", "companions") if name in getattr(before, place)}
    assert found == ({place} if place else set())


def test_evidence_that_no_document_lists_is_not_read(report, document):
    (report / "evidence" / "more").write_bytes(b"more")
    assert read_folder_files(report, document).digests["evidence/more"] == UNREAD
    assert read_folder_files(report).digests["evidence/more"] == sha256(b"more").hexdigest()


@pytest.mark.parametrize("name", ["evidence/vmlinuz", "evidence/SHA256SUMS"])
def test_evidence_of_another_size_is_not_read(report, document, name):
    path = report / name
    path.write_bytes(path.read_bytes() + b"x")
    assert read_folder_files(report, document).digests[name] == UNREAD
    assert read_folder_files(report).digests[name] != UNREAD


def test_a_file_larger_than_a_report_is_strange(report, document):
    largest = max(path.stat().st_size for path in report.iterdir() if path.is_file())
    for size, strange in ((largest, ()), (largest - 1, ("report.html",))):
        limits = replace(LIMITS, report_bytes=size)
        assert read_folder_files(report, document, limits=limits).strange == strange


def test_evidence_larger_than_any_is_refused(report, document):
    for name in ("vmlinuz", "initrd.img"):
        with (report / "evidence" / name).open("r+b") as file:
            file.truncate(300 << 20)
    with pytest.raises(EvidenceError) as raised:
        read_folder_files(report, document)
    assert raised.value.what == "the evidence is larger than that of any real release"


def test_a_folder_of_many_files_is_refused(report, document, monkeypatch):
    entries = sum(1 for _ in report.rglob("*"))
    monkeypatch.setattr(files_of, "_ENTRIES", entries)
    read_folder_files(report, document)
    monkeypatch.setattr(files_of, "_ENTRIES", entries - 1)
    with pytest.raises(SourceError) as raised:
        read_folder_files(report, document)
    assert (raised.value.what, raised.value.where) == (
        f"the folder holds more than {entries - 1} files",
        str(report),
    )


def test_ten_thousand_files_are_the_most(tmp_path, monkeypatch):
    count = 10_000
    monkeypatch.setattr(Path, "iterdir", lambda folder: (folder / str(number) for number in range(count)))
    assert sum(1 for _ in files_of._walk(tmp_path)) == 10_000
    count = 10_001
    with pytest.raises(SourceError) as raised:
        list(files_of._walk(tmp_path))
    assert raised.value.what == "the folder holds more than 10,000 files"


def test_a_folder_that_cannot_be_read(tmp_path):
    with pytest.raises(SourceError) as raised:
        read_folder_files(tmp_path / "none")
    assert (raised.value.what, raised.value.where) == (
        "the report folder cannot be read: no such file or directory",
        str(tmp_path / "none"),
    )


# Check 1


def test_the_document_names_its_policies(report):
    made = check_document(read_report_folder(report))
    assert (made.number, made.id, made.outcome) == (1, "report.document", "pass")
    assert made.observed == "strict/4 PASS, overlap/1 PASS"
    assert made.reason == "The verdicts follow from the decisions."


def test_an_older_policy_is_told(report):
    value = json.loads((report / "audit.json").read_bytes())
    value["policies"]["strict"] = "strict/1"
    value["qualifications"] = []
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 41]
    (report / "audit.json").write_bytes(to_json(from_json(json.dumps(value).encode())))
    made = check_document(read_report_folder(report))
    assert (made.outcome, made.observed) == ("warn", "strict/1 PASS, overlap/1 PASS")
    assert made.reason == (
        "The verdicts follow from the decisions by the policy that the report names, which is an older one than that "
        "of this auditkit."
    )


@pytest.mark.parametrize("signed", [False, True])
def test_a_folder_without_a_document(report, signed):
    """Nobody's report, unless signatures say that there was one."""
    (report / "audit.json").unlink()
    trust = TrustList(b"", ())
    if not signed:
        with pytest.raises(SourceError, match="there is no finished report here"):
            verify_report(report, trust)
        return
    (report / "report.intoto.jsonl").write_bytes(b"")
    assert verify_report(report, trust).decisions[0].reason == "There is no report that can be read."


@pytest.mark.parametrize("signed", [False, True])
def test_a_damaged_document_is_no_missing_one(report, signed):
    (report / "audit.json").write_bytes(b"{")
    if signed:
        (report / "report.intoto.jsonl").write_bytes(b"")
    made = verify_report(report, TrustList(b"", ())).decisions[0]
    assert (made.id, made.outcome, made.reason) == (
        "report.document",
        "fail",
        "There is no report that can be read.",
    )


# Check 2


def test_whole_evidence(report, document):
    assert evidence(report, document) == ("pass", "12 files", "The evidence is what the report rests on.")


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("vmlinuz", lambda data: None, "vmlinuz is missing"),
        ("SHA256SUMS", lambda data: None, "SHA256SUMS is missing"),
        ("vmlinuz", lambda data: b"", "vmlinuz was changed"),
        ("vmlinuz", lambda data: data + b"\0", "vmlinuz was changed"),
        ("vmlinuz", lambda data: data[:-1] + bytes([data[-1] ^ 1]), "vmlinuz was changed"),
        ("more", lambda data: b"", "more is not listed in audit.json"),
        ("deep/more", lambda data: b"", "deep/more is not listed in audit.json"),
        ("SHA256SUMS", lambda data: data[::-1], "SHA256SUMS does not list these files"),
        ("SHA256SUMS", lambda data: data + b"\n", "SHA256SUMS does not list these files"),
        (
            "boot_args",
            lambda data: data.replace(b"\n", b"\r\n"),
            f"boot_args was changed {ONLY_LINE_ENDS}",
        ),
        (
            "SHA256SUMS",
            lambda data: data.replace(b"\n", b"\r\n"),
            f"SHA256SUMS was changed {ONLY_LINE_ENDS}",
        ),
    ],
)
def test_changed_evidence(report, document, name, change, told):
    path = report / "evidence" / name
    path.parent.mkdir(exist_ok=True)
    data = change(path.read_bytes() if path.exists() else b"")
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    assert evidence(report, document) == ("fail", told, CHANGED + (CLONE if ONLY_LINE_ENDS in told else ""))


def test_many_changes_are_counted(report, document):
    names = sorted(path.name for path in (report / "evidence").iterdir() if path.name != "SHA256SUMS")
    for name in names:
        (report / "evidence" / name).write_bytes(b"")
    (report / "evidence" / "SHA256SUMS").write_bytes(b"")
    told = "; ".join(f"{name} was changed" for name in names[:5])
    assert evidence(report, document)[1] == f"{told} and 7 more"
    for name in names[5:]:
        (report / "evidence" / name).unlink()
    told = "; ".join(f"{name} is missing" for name in names[5:10])
    assert evidence(report, document)[1] == f"{told} and 7 more"


def test_five_changes_are_all_told(report, document):
    for number in range(5):
        (report / "evidence" / f"more-{number}").write_bytes(b"")
    told = "; ".join(f"more-{number} is not listed in audit.json" for number in range(5))
    assert evidence(report, document)[1] == told


# Check 3


def test_the_renderings_are_those_of_the_document(report, document):
    assert renderings(report, document) == (
        "pass",
        "report.html, report.md",
        "Both say what audit.json says.",
    )


OTHER = "It does not show what audit.json says."


@pytest.mark.parametrize(
    ("changed", "told"),
    [(("html",), "report.html"), (("md",), "report.md"), (("html", "md"), "report.html and report.md")],
)
def test_a_rendering_that_shows_something_else(report, document, changed, told):
    for ending in changed:
        path = report / f"report.{ending}"
        path.write_bytes(path.read_bytes().replace(b"PASS", b"GOOD", 1))
    assert renderings(report, document) == ("fail", told, OTHER)
    for ending in changed:
        path = report / f"report.{ending}"
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert renderings(report, document) == ("fail", told, OTHER)


@pytest.mark.parametrize(
    ("changed", "told"),
    [(("html",), "report.html"), (("md",), "report.md"), (("html", "md"), "report.html and report.md")],
)
def test_a_rendering_with_other_line_ends(report, document, changed, told):
    for ending in changed:
        path = report / f"report.{ending}"
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert renderings(report, document) == (
        "fail",
        f"{told} changed {ONLY_LINE_ENDS}",
        f"They are not as auditkit writes them.{CLONE}",
    )


@pytest.mark.parametrize("ending", ["html", "md"])
def test_a_rendering_that_is_missing(report, document, ending):
    (report / f"report.{ending}").unlink()
    outcome, observed, reason = renderings(report, document)
    assert (outcome, reason) == ("fail", "A rendering of the report is missing.")
    assert observed.startswith(str(report / f"report.{ending}"))


@pytest.mark.parametrize("ending", ["html", "md"])
def test_the_pages_of_another_version_are_not_compared(report, document, ending):
    """The page names its version, so even the untouched one differs."""
    older = document.model_copy(update={"tool": document.tool.model_copy(update={"version": "0.0.1"})})
    (report / f"report.{ending}").write_text("what another version wrote")
    made = check_renderings(older, report)
    assert (made.outcome, made.observed) == ("warn", "made by auditkit 0.0.1")
    assert made.reason == (
        "Another version of auditkit made the pages: whether they say what audit.json says was not checked. Read "
        "audit.json, or verify the report with that version."
    )
    assert made.qualifications == ("other-version",)


# Line ends


def test_line_ends_are_turned_back():
    assert unix_line_ends(b"a\r\nb\rc\n\r\n") == b"a\nb\rc\n\n"


@pytest.mark.parametrize(
    ("data", "signed", "told"),
    [
        (b"a\r\nb\r\n", b"a\nb\n", f" {ONLY_LINE_ENDS}"),
        (b"a\r\nb\n", b"a\nb\n", f" {ONLY_LINE_ENDS}"),
        (b"a\nb\n", b"a\nb\n", ""),
        (b"a\nb\n", b"a\r\nb\r\n", ""),
        (b"x\r\nb\r\n", b"a\nb\n", ""),
    ],
)
def test_what_line_ends_explain(tmp_path, data, signed, told):
    (tmp_path / "file").write_bytes(data)
    assert how_changed(tmp_path / "file", sha256(signed).hexdigest()) == told


def test_a_file_that_is_gone_is_not_explained(tmp_path):
    assert how_changed(tmp_path / "none", sha256(b"").hexdigest()) == ""
