"""What notebooks show: whole texts, and nothing that a proposer wrote taken as HTML."""

from __future__ import annotations

from auditkit import checks
from auditkit.audit import Trouble, compare
from auditkit.ic import BlessAlternativeGuestOsVersion, BlessedMeasurement
from auditkit.notebook import figures, views
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
