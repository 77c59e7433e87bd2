"""What notebooks show: whole texts, and nothing that a proposer wrote taken as HTML."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditkit import checks
from auditkit.audit import Trouble, Verdict, compare
from auditkit.decision import Check
from auditkit.errors import ParameterError, SourceError
from auditkit.ic import BlessAlternativeGuestOsVersion, BlessedMeasurement
from auditkit.notebook import figures, lessons, views
from auditkit.notebook.box import Box
from auditkit.pipeline import Audit, Step
from auditkit.progress import Silent

HOSTILE = "<script>alert(1)</script>\u202e"


def test_decisions_and_trouble_are_told_whole():
    decision = checks.OVERLAP_ANY.failed("x" * 200, "because of this")
    trouble = Trouble("no network", "somewhere", "try again")
    html = Step(decisions=(decision,), trouble=(trouble,))._repr_html_()
    assert "x" * 200 in html
    assert "FAIL" in html
    assert "no network. try again" in html


def test_labels_of_a_proposer_are_text():
    entry = BlessedMeasurement(b"\x01" * 48, HOSTILE, HOSTILE)
    bless = BlessAlternativeGuestOsVersion((b"\x02" * 64,), HOSTILE, (entry,))
    rows = compare([entry], [], {})
    for view in (views.blessed(bless), views.recovery(bless), views.overlap(rows)):
        html = view.to_html()
        assert "<script" not in html
        assert "\u202e" not in html
    assert "<script" not in figures.overlap(rows)._repr_html_()


def test_nothing_to_show_is_an_empty_table():
    for view in (views.blessed(None), views.recovery(None), views.command_lines(None), views.overlap([])):
        assert "<td" not in view.to_html()


def test_parameters_are_readable():
    html = Audit.named("practice:honest", "vcpus=[16, 64]", progress=Silent())._repr_html_()
    assert "16, 64" in html
    assert "none" in html


def test_relations_are_told_in_the_words_of_every_report():
    rows = compare([BlessedMeasurement(b"\x01" * 48, None, None)], [], {})
    assert "in the proposal, but not computed" in views.overlap(rows).to_html()


def test_a_column_of_short_texts_is_never_broken_and_one_of_long_texts_always_can_be():
    html = Audit.named("practice:honest", progress=Silent()).proposal._repr_html_()
    assert 'white-space: nowrap">✓ pass</td>' in html
    assert 'overflow-wrap: anywhere; min-width: 9em">Is the file an Internet Computer certificate' in html


def test_parameters_are_a_line_with_the_whole_list_folded_below_it():
    html = Audit.named("practice:honest", progress=Silent())._repr_html_()
    line, folded = html.split("<details>")
    assert "proposal <strong>900001</strong>" in line
    assert "stage recover, depth image, policy strict, root_key practice" in line
    assert "guest_features" not in line
    assert "<summary>All 27 parameters</summary>" in folded
    assert "guest_features" in folded


def test_below_a_failed_check_stands_what_it_means_and_what_to_do():
    failed = Step(decisions=(checks.OVERLAP_ANY.failed("x", "y"), checks.OVERLAP_EXPLAINED.failed("x", "y")))
    html = failed._repr_html_()
    assert html.count("What now:") == 1
    assert "Nothing that the proposal blesses is the base release" in html
    assert "Ask the proposer which release the measurements belong to" in html
    assert "What now:" not in Step(decisions=(checks.OVERLAP_ANY.warned("x", "y"),))._repr_html_()


def test_a_check_of_a_report_that_nobody_knows_any_more_has_no_advice():
    other = Check(999, "gone.check", "Was it?", "something", matters="m", failure="f", advice="a")
    assert "What now:" not in Step(decisions=(other.failed("x", "y"),))._repr_html_()


# The box


def test_a_box_says_the_verdict_why_and_what_now():
    audit = Audit.named("practice:unexplained", progress=Silent())
    assert repr(views.verdict(audit)).splitlines() == [
        "FAIL (practice network): overlap.explained: The proposal blesses a guest that is not the base release in its "
        "release matrix. Nobody can say what this measurement is: no setting that was tried and no known release "
        "produces it.",
        "What now: If this were mainnet: do not build or start anything from this proposal on this evidence.",
        "  Ask the proposer what bb00bc4ccc2e0075… is.",
    ]
    html = views.verdict(audit)._repr_html_()
    assert 'role="alert"' in html
    assert ">Ask the proposer what bb00bc4ccc2e0075… is.</p>" in html
    assert "<ol>" not in html


def test_a_box_of_a_pass_is_no_alarm_and_shows_commands_as_code():
    html = views.verdict(Audit.named("practice:honest", progress=Silent()))._repr_html_()
    assert 'role="status"' in html
    assert "<code>-p recovery_image=FILE</code>" in html


def test_a_box_of_trouble_lists_what_could_not_be_had():
    box = views.verdict(Audit.named("practice:missing-release", progress=Silent()))
    assert box.verdict is Verdict.TROUBLE
    assert any("there is nothing at this address" in trouble for trouble in box.troubles)
    assert "<ul><li>" in box._repr_html_()


def test_nothing_that_others_wrote_gets_out_of_a_box():
    box = Box(Verdict.FAIL, HOSTILE, HOSTILE, HOSTILE, (HOSTILE, f"`{HOSTILE}"), (HOSTILE,))
    for shown in (box._repr_html_(), repr(box)):
        assert "\u202e" not in shown
        assert len(shown) < 5000
    assert "<script" not in box._repr_html_()
    long = Box(Verdict.FAIL, "x", "y" * 100_000, "z")
    assert len(long._repr_html_()) < 3000


# Audits side by side, and signatures


def test_side_by_side_are_the_checks_that_differ_and_no_others():
    honest = Audit.named("practice:honest", progress=Silent())
    tampered = Audit.named("practice:missing-release", progress=Silent())
    html = views.side_by_side(one=honest, other=tampered).to_html()
    assert "? not decided" in html
    assert "Did the subnet sign exactly this tree?" not in html
    assert ">51<" in html
    assert "<td" not in views.side_by_side(one=honest, other=honest).to_html()


def test_what_an_audit_observed_stays_text_beside_another():
    audit = Audit.named("practice:honest", progress=Silent())
    other = Audit.named("practice:honest", progress=Silent())
    hostile = checks.CERTIFICATE_FORM.failed(HOSTILE, HOSTILE)
    other.__dict__["proposal"] = replace(audit.proposal, decisions=(hostile,))
    html = views.side_by_side(one=audit, other=other).to_html()
    assert "<script" not in html
    assert "\u202e" not in html


def test_signatures_say_whether_a_report_is_authentic():
    signed = lessons.sign_for_once(Audit.named("practice:honest", progress=Silent()))
    assert (
        "AUTHENTIC. The report says: PASS (practice network)" in views.signatures(signed.verify()).to_html()
    )
    (signed.folder / "report.md").write_text("x")
    assert "NOT AUTHENTIC: FAIL" in views.signatures(signed.verify()).to_html()
    assert signed.line.startswith("you@example.org ssh-ed25519 AAAA")


# What a reader does to an audit


def test_the_same_certificate_gives_the_same_audit_and_another_byte_another():
    audit = Audit.named("practice:honest", progress=Silent())
    certificate = lessons.certificate_of(audit)
    assert lessons.audit_with(audit, certificate).document.verdict is Verdict.PASS
    certificate[certificate.index(b"replied")] ^= 1
    changed = lessons.audit_with(audit, certificate).document
    assert changed.deciding is not None
    assert (changed.verdict, changed.deciding.decision) == (Verdict.FAIL, "certificate.signature")


def test_of_an_audit_without_a_certificate_there_is_none_to_change():
    audit = Audit.named("practice:honest", progress=Silent())
    audit.__dict__["proposal"] = replace(audit.proposal, evidence=())
    with pytest.raises(ParameterError, match="read no certificate"):
        lessons.certificate_of(audit)


def test_without_a_temporary_folder_nothing_is_signed(monkeypatch):
    audit = Audit.named("practice:honest", progress=Silent())
    assert audit.document

    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lessons.tempfile, "mkdtemp", full)
    with pytest.raises(SourceError, match="no temporary folder can be made"):
        lessons.sign_for_once(audit)


def test_an_error_is_one_line_in_a_notebook_and_moves_nobody_s_cursor():
    error = ParameterError(f"no {HOSTILE}\x1b[2J", where="here", hint="look")
    (line,) = error._render_traceback_()
    assert line.startswith("ParameterError: here: no <script>")
    assert line.endswith("; look")
    assert line.isprintable()
