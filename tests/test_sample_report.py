"""The committed sample: whole, and what its command still makes."""

from __future__ import annotations

import hashlib

from conftest import ROOT

from auditkit.pipeline import Parameters, check
from auditkit.report import from_json, render_html, render_markdown

SAMPLE = ROOT / "reports" / "sample"


def test_its_readme_names_the_command_that_made_it():
    command = "auditkit audit params/practice/honest.yaml --out reports/sample"
    assert command in (ROOT / "reports" / "README.md").read_text().splitlines()


def test_it_is_whole_and_its_evidence_is_what_it_lists():
    document = from_json((SAMPLE / "audit.json").read_bytes())
    assert document.verdict == "PASS"
    stored = {record.name: record for record in document.evidence if record.stored}
    files = {path.name: path for path in (SAMPLE / "evidence").iterdir() if path.name != "SHA256SUMS"}
    assert files.keys() == stored.keys()
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == stored[name].sha256
    assert (SAMPLE / "report.html").read_text() == render_html(document)
    assert (SAMPLE / "report.md").read_text() == render_markdown(document)


def test_the_same_audit_today_decides_the_same():
    document = from_json((SAMPLE / "audit.json").read_bytes())
    fresh, _ = check(Parameters.from_file(ROOT / "params" / "practice" / "honest.yaml", (), {}))

    def told(report):
        return [(decision.id, decision.outcome, decision.reason) for decision in report.decisions]

    assert told(fresh) == told(document)
    assert fresh.overlap == document.overlap
