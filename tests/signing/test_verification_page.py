"""The page about who signed: beside the folder, in words that cannot be taken for more than they are."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from commands import in_process as command

from auditkit.audit import Verdict
from auditkit.signing import read_trust_list, render_verification, sign_report, verify_report
from auditkit.signing import report_checks as checks


class Shown(HTMLParser):
    """The text of a page, and what could run or load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.odd = "", []
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._hidden = tag == "style"
        if tag in {"script", "img", "iframe", "object", "form", "base"}:
            self.odd.append(tag)
        self.odd += [
            f"{tag} {name}" for name, value in attrs if name.startswith("on") or name in ("src", "style")
        ]
        self.odd += [f"{tag} {value}" for name, value in attrs if name == "href" and value[:1] not in "#d"]

    def handle_endtag(self, tag):
        self._hidden = False

    def handle_data(self, data):
        if not self._hidden:
            self.text += f" {data}"

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def page_of(folder: Path, trust: Path, **options) -> tuple[str, Shown]:
    verified = verify_report(folder, read_trust_list(trust), now=options.pop("now", None))
    text = render_verification(verified, trust_list=trust.name, now=1_800_000_000, **options)
    return text, Shown(text)


def test_who_signed_and_what_was_verified(report, alice, trust_file):
    sign_report(report, alice.signer(), auditor="Alice A.", now=1_790_000_000)
    _, shown = page_of(report, trust_file)
    digest = verify_report(report, read_trust_list(trust_file)).document_sha256
    for told in (
        "AUTHENTIC Signed report on recovery GuestOS proposal 900001 Auditors of the trust list signed this report, "
        "and nothing in it was changed. The report says: PASS (practice network)",
        "Signed report on recovery GuestOS proposal 900001",
        "practice-network",
        f"alice@example.org by their own word: Alice A. {alice.keyid} (DSSE) 2026-09-21 14:13:20 UTC line 1 of",
        f"SHA-256 of audit.json {digest}",
        "Auditors wanted at least 1 of the trust list allowed_signers",
        "Audit repeated no: the signatures were checked",
        "This page itself is signed by nobody.",
        "made the report. Add --replay to decide again.",
        "Made by auditkit",
        "at 2027-01-15 08:00:00 UTC.",
    ):
        assert told in shown.words
    assert digest is not None
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert shown.odd == []


def test_the_line_that_allows_is_the_one_that_counts(report, alice, bob, tmp_path):
    trust = tmp_path / "trust"
    trust.write_text(
        f'# whom we trust\n\nbob@x {bob.public_line}\nold@x valid-before="20200101" {alice.public_line}\n'
        f"new@x {alice.public_line}\n"
    )
    sign_report(report, alice.signer())
    assert "new@x" in page_of(report, trust)[1].words
    assert "line 5 of trust" in page_of(report, trust)[1].words


def test_an_authentic_fail_is_neither_green_nor_a_failed_verification(reports, tmp_path, alice, trust_file):
    folder = Path(shutil.copytree(reports["base-16-vcpus"], tmp_path / "report"))
    sign_report(folder, alice.signer())
    text, shown = page_of(folder, trust_file)
    heading = text.partition("</h1>")[0].partition("<h1")[2]
    assert "AUTHENTIC" in heading
    assert not any(sign in heading for sign in ("NOT", "FAIL", "✓", "✗"))
    assert '<section class="verdict "' in text
    assert "nothing in it was changed. The report says: FAIL (practice network)" in shown.words
    assert "✗ FAIL (practice network)" in shown.words
    assert "FAIL FAIL" not in shown.words


def test_a_verdict_that_was_required_and_is_not_there(report, alice, trust_file):
    sign_report(report, alice.signer())
    verified = verify_report(report, read_trust_list(trust_file)).requiring(Verdict.FAIL)
    text = render_verification(verified, trust_list="trust")
    assert "The report says: PASS (practice network) It is not" in Shown(text).words
    assert "It is not the verdict that was required." in text
    assert '<section class="verdict fail"' in text


@pytest.mark.parametrize("how", ["a changed file", "a stranger"])
def test_what_is_not_authentic_says_so_first(report, alice, bob, tmp_path, how):
    trust = tmp_path / "trust"
    trust.write_text(f"bob@x {bob.public_line}\n")
    if how == "a stranger":
        sign_report(report, alice.signer())
    else:
        sign_report(report, bob.signer())
        (report / "audit.ipynb").write_text("{}")
    text, shown = page_of(report, trust)
    assert "NOT AUTHENTIC" in shown.words
    assert "The report says:" not in shown.words
    assert "Cite as" not in shown.words
    assert '<section class="verdict fail"' in text


def test_a_report_that_cannot_be_read(report, alice, trust_file):
    sign_report(report, alice.signer())
    (report / "audit.json").write_text("{}")
    _, shown = page_of(report, trust_file)
    assert "NOT AUTHENTIC" in shown.words
    assert "SHA-256 of audit.json it cannot be read" in shown.words


HOSTILE = "<script>alert(1)</script>\"'>&amp; {{ 7*7 }} \u202egnp"


def test_hostile_names_are_shown_and_do_nothing(report, alice, tmp_path):
    trust = tmp_path / f"list {HOSTILE.replace('/', '')}"
    trust.write_text(f'"{HOSTILE.replace(chr(34), "").replace(chr(0x202E), "")}" {alice.public_line}\n')
    sign_report(report, alice.signer(), auditor=HOSTILE.replace("\u202e", ""))
    text, shown = page_of(report, trust)
    assert shown.odd == []
    assert "by their own word: <script>alert(1)</script>\"'>&amp; {{ 7*7 }} gnp" in shown.words
    assert "\u202e" not in text
    assert "⟨U+202E⟩" in text


def test_the_page_forbids_scripts_and_loads_nothing(report, alice, trust_file):
    sign_report(report, alice.signer())
    text, _ = page_of(report, trust_file)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'" in text
    assert not re.search(r"https?://", text)


def test_the_command_writes_it_beside_and_tells_where(report, alice, trust_file, tmp_path, capsys):
    sign_report(report, alice.signer())
    arguments = ("verify-report", report, "--allowed-signers", trust_file, "--html")
    status, out, err = command(*arguments, tmp_path / "page.html", capsys=capsys)
    assert (status, err, out.splitlines()[-1]) == (0, "", f"{tmp_path}/page.html")
    assert "The report says: PASS (practice network)" in Shown((tmp_path / "page.html").read_text()).words
    status, out, _ = command(*arguments, tmp_path / "page.html", "--replay", capsys=capsys)
    page = Shown((tmp_path / "page.html").read_text()).words
    assert "Audit repeated yes, from the stored evidence: PASS, 65 decisions" in page
    assert "--replay" not in page
    assert "--replay" not in out


@pytest.mark.parametrize("name", ["page.html", "report.html", "evidence/page.html"])
def test_never_into_the_folder(report, alice, trust_file, name, capsys):
    sign_report(report, alice.signer())
    before = {path: path.read_bytes() for path in report.rglob("*") if path.is_file()}
    arguments = ("verify-report", report, "--allowed-signers", trust_file, "--html", report / name)
    status, out, err = command(*arguments, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "in a report folder, which holds the report and nothing else" in err
    assert {path: path.read_bytes() for path in report.rglob("*") if path.is_file()} == before
    assert verify_report(report, read_trust_list(trust_file)).authentic


def test_a_page_of_what_is_not_authentic_is_written_too(report, alice, trust_file, tmp_path, capsys):
    sign_report(report, alice.signer())
    (report / "audit.ipynb").write_text("{}")
    arguments = ("verify-report", report, "--allowed-signers", trust_file, "--html", tmp_path / "page.html")
    assert command(*arguments, capsys=capsys)[0] == 1
    assert "NOT AUTHENTIC" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (checks.REPLAY.failed("another verdict", "It does not."), "yes, and it does not lead to this report"),
        (
            checks.REPLAY.passed("the same decisions", "It does."),
            "yes, from the stored evidence: the same decisions",
        ),
    ],
    ids=["fails", "passes"],
)
def test_whether_the_audit_was_repeated(report, trust_file, decision, told):
    verified = verify_report(report, read_trust_list(trust_file)).with_decision(decision)
    text = render_verification(verified, trust_list="signers", now=1_800_000_000)
    assert f"Audit repeated {told} " in Shown(text).words


# The line to cite


def test_what_to_cite_names_subject_verdict_auditors_and_digest(report, alice, bob, trust_file, capsys):
    from hashlib import sha256

    sign_report(report, alice.signer())
    sign_report(report, bob.signer())
    out = command("verify-report", report, "--allowed-signers", trust_file, capsys=capsys)[1]
    (line,) = [line for line in out.splitlines() if line.startswith("cite as: ")]
    digest = sha256((report / "audit.json").read_bytes()).hexdigest()
    assert re.fullmatch(
        "cite as: auditkit report on recovery proposal 900001, base release 7080d886303d2130a8a1a64878ea85e447241952: "
        rf"PASS \(practice network\), policy strict/4, stage recover, as of 20[0-9T:-]+Z, signed by alice@example.org "
        rf"\({re.escape(alice.keyid)}\), bob@example.org \({re.escape(bob.keyid)}\), audit.json SHA-256 {digest}",
        line,
    )


def test_what_is_not_authentic_is_not_cited(report, alice, trust_file, capsys):
    sign_report(report, alice.signer())
    (report / "audit.ipynb").write_text("{}")
    assert (
        "cite as" not in command("verify-report", report, "--allowed-signers", trust_file, capsys=capsys)[1]
    )


# What is required


@pytest.mark.parametrize(
    ("scenario", "require", "told"),
    [
        ("base-16-vcpus", "PASS", "the verdict is FAIL (practice network): "),
        ("honest", "FAIL", "the verdict is PASS (practice network): "),
        ("honest", "PASS", "the PASS is qualified, and you did not accept that: PASS (practice network), "),
        ("honest", "PASS --stage vote", "the report is for stage recover: PASS (practice network), "),
    ],
)
def test_an_authentic_report_without_the_required_verdict(
    reports, tmp_path, alice, trust_file, capsys, *, scenario, require, told
):
    folder = Path(shutil.copytree(reports[scenario], tmp_path / "report"))
    sign_report(folder, alice.signer())
    arguments = ("verify-report", folder, "--allowed-signers", trust_file, "--require", *require.split())
    status, out, _ = command(*arguments, capsys=capsys)
    assert status == 1
    last = out.splitlines()[-1]
    assert re.fullmatch(
        rf"AUTHENTIC, but {re.escape(told)}proposal 9000\d\d, policy strict/4, stage recover\.", last
    )


def test_a_changed_report_with_another_verdict_is_not_called_authentic(
    reports, tmp_path, alice, trust_file, capsys
):
    folder = Path(shutil.copytree(reports["base-16-vcpus"], tmp_path / "report"))
    sign_report(folder, alice.signer())
    (folder / "audit.ipynb").write_text("{}")
    arguments = ("verify-report", folder, "--allowed-signers", trust_file, "--require", "PASS")
    status, out, _ = command(*arguments, capsys=capsys)
    assert (status, out.splitlines()[-1]) == (1, "NOT AUTHENTIC: do not rely on this report.")
