"""A proposal of the other kind is told as such, and which audit fits it."""

from __future__ import annotations

import pytest

from auditkit.pipeline import check, named_parameters
from auditkit.progress import Silent


@pytest.mark.parametrize(
    ("name", "overrides", "decides", "told"),
    [
        (
            "election-honest",
            ("subject=recovery", "base_image=practice:honest"),
            "proposal.stage",
            "audit it with subject: election",
        ),
        ("honest", ("subject=election",), "election.stage", "audit it with subject: recovery"),
        ("other-action", (), "proposal.stage", "The proposal does something else."),
        ("election-other-function", (), "election.stage", "another function of the NNS"),
    ],
)
def test_the_other_kind_is_told(name, overrides, decides, told):
    document, _ = check(named_parameters(f"practice:{name}", overrides), Silent())
    assert (document.verdict, document.deciding.decision) == ("FAIL", decides)
    assert told in document.deciding.reason


def test_an_election_that_is_open_is_not_yet_in_the_registry_whatever_the_stage():
    document, _ = check(named_parameters("practice:election-not-executed", ()), Silent())
    (record,) = [one for one in document.decisions if one.id == "election.record"]
    assert (record.outcome, document.deciding.decision) == ("skip", "election.stage")
    assert "not executed yet" in record.reason


def test_an_election_has_no_verdict_under_the_policy_overlap():
    document, _ = check(named_parameters("practice:election-honest", ()), Silent())
    assert (document.verdicts.strict, document.verdicts.overlap) == ("PASS", None)


def test_the_report_of_an_election_speaks_of_none_of_what_only_recoveries_have():
    from auditkit.report import render_html, render_markdown, render_text

    document, _ = check(named_parameters("practice:election-open", ()), Silent())
    html, markdown, text = render_html(document), render_markdown(document), render_text(document)
    assert "Audit of election proposal 910012" in html
    for page in (html.partition('id="glossary"')[0], markdown, text):
        for word in ("recovery image", "Base release", "base release", "Chips", "overlap PASS", "Blessed"):
            assert word not in page, word
    gone = document.subject.unelects[0]
    assert all(gone in page for page in (html, markdown, text))
    assert document.subject.image_sha256 in text
