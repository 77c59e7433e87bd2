"""Which report takes the place of which: by what was looked at, what was asked, and what was left open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import ROOT

from auditkit.audit import Claim, Verdict
from auditkit.batch import AuditSubject
from auditkit.batch.reports import FinishedReport
from auditkit.batch.succession import standing_reports
from auditkit.decision import Outcome, Qualification
from auditkit.ic.registry import ChipsInRegistry
from auditkit.report import AuditDocument, from_json

SAMPLE = from_json((ROOT / "reports" / "sample" / "audit.json").read_bytes())
NODE = "77wcr-wyz5x-zcbax-nz5pv-7vl2z-7xtjm-xmmud-3fmga-3hsik-ysx5o-6ae"
IMAGE, REPORT = "recovery-update-img.tar.zst", "attestation-report"
FIRST = datetime(2030, 1, 1, tzinfo=UTC)


def subject(
    base: str | None = "0" * 40, *, digests: dict[str, str] | None = None, **parameters: Any
) -> AuditSubject:
    """The subject of the sample report with other parameters, and of files with these names and digests."""
    kept = tuple(
        SAMPLE.evidence[0].model_copy(update={"name": name, "sha256": digest})
        for name, digest in (digests or {}).items()
    )
    changes: dict[str, Any] = {
        "parameters": {**SAMPLE.parameters, **parameters},
        "subject": SAMPLE.subject.model_copy(update={"base_version": base}),
        "evidence": kept,
    }
    document: AuditDocument = SAMPLE.model_copy(update=changes)
    return AuditSubject.of(document)


def report(
    about: AuditSubject,
    verdict: str,
    *carried: tuple[int, Qualification],
    decided: tuple[int, ...] = (9, 18, 43),
) -> FinishedReport:
    """A report that decided the checks with these numbers, some of them with a qualified warning."""
    return FinishedReport(
        folder="",
        subject=about,
        claim=Claim(Verdict(verdict), tuple(name for _, name in carried)),
        finished=FIRST,
        deciding="",
        reason="",
        outcomes=tuple((number, Outcome.PASS) for number in decided),
        carried=tuple((number, (name,)) for number, name in carried),
    )


def standing(*reports: FinishedReport) -> list[str]:
    """The verdicts that count when these reports were made one after the other, the worst first."""
    later = [replace(one, finished=FIRST + timedelta(hours=count)) for count, one in enumerate(reports)]
    return sorted(str(one.report.verdict) for one in standing_reports(later))


def told_by(source: str) -> AuditSubject:
    """The subject of an audit that was given a place to ask whose the chips are, and found this there."""
    chips = ChipsInRegistry(source, version=1, as_of=None, nodes=0, without_chip=0, unreadable=0, chips=())
    return AuditSubject.of(
        SAMPLE.model_copy(
            update={"parameters": {**SAMPLE.parameters, "chips_source": "file x"}, "chips": chips}
        )
    )


def test_a_list_of_nodes_hides_no_fail_of_the_registry():
    assert standing(report(told_by("registry"), "FAIL"), report(told_by("nodes"), "PASS")) == ["FAIL", "PASS"]
    assert standing(report(told_by("nodes"), "FAIL"), report(told_by("registry"), "PASS")) == ["PASS"]


def test_who_did_not_ask_about_the_election_hides_no_fail_of_who_did():
    asked, unasked = (subject(election_source=source) for source in ("registry", None))
    assert standing(report(asked, "FAIL"), report(unasked, "TROUBLE")) == ["FAIL", "TROUBLE"]
    assert standing(report(unasked, "FAIL"), report(asked, "PASS")) == ["PASS"]


OPEN = (9, Qualification.NO_REQUEST)
LOOKED_AT = [("recovery_image", IMAGE), ("attestation_report", REPORT)]


@pytest.mark.parametrize(("parameter", "name"), LOOKED_AT)
def test_a_pass_of_another_file_hides_no_fail(parameter, name):
    failed, passed = (subject(digests={name: digest * 64}, **{parameter: "file x"}) for digest in "ab")
    assert standing(report(failed, "FAIL"), report(passed, "PASS")) == ["FAIL", "PASS"]
    assert str(failed) != str(passed)


@pytest.mark.parametrize(("parameter", "name"), LOOKED_AT)
def test_the_same_file_at_another_place_is_the_same(parameter, name):
    first, second = (
        subject(digests={name: "a" * 64}, **{parameter: place}) for place in ("file x", "file y")
    )
    assert standing(report(first, "FAIL"), report(second, "PASS")) == ["PASS"]


@pytest.mark.parametrize(("parameter", "name"), LOOKED_AT)
@pytest.mark.parametrize(("place", "left"), [("file x", ["PASS"]), ("file y", ["PASS", "TROUBLE"])])
def test_a_file_that_was_not_had_is_known_by_its_place(parameter, name, place, left):
    missed = report(subject(**{parameter: "file x"}), "TROUBLE")
    had = report(subject(digests={name: "a" * 64}, **{parameter: place}), "PASS")
    assert standing(missed, had) == left


@pytest.mark.parametrize(("parameter", "name"), LOOKED_AT)
def test_a_report_that_did_not_get_the_file_replaces_none_that_did(parameter, name):
    had = report(subject(digests={name: "a" * 64}, **{parameter: "file x"}), "FAIL")
    missed = report(subject(**{parameter: "file x"}), "TROUBLE")
    assert standing(had, missed) == ["FAIL", "TROUBLE"]


@pytest.mark.parametrize(("parameter", "name"), LOOKED_AT)
def test_an_older_pass_goes_when_another_file_is_at_its_place(parameter, name):
    def about(digest: str, place: str = "file x", **more: Any) -> AuditSubject:
        return subject(digests={name: digest * 64}, **{parameter: place}, **more)

    passed = report(about("a"), "PASS")
    assert standing(passed, report(about("b"), "PASS")) == ["PASS"]
    assert standing(passed, report(about("b"), "FAIL")) == ["FAIL"]
    assert standing(passed, report(about("b", "file y"), "PASS")) == ["PASS", "PASS"]
    assert standing(passed, report(about("b"), "PASS", OPEN)) == ["PASS", "PASS"]
    assert standing(report(about("a", all_urls=True), "PASS"), report(about("b"), "PASS")) == ["PASS", "PASS"]
    failed = report(about("c"), "FAIL")
    assert standing(failed, passed, report(about("b"), "PASS")) == ["FAIL", "PASS"]


MORE_AND_LESS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"chips_source": "file registry"}, {}),
    ({"chips_source": "file registry"}, {"chips_source": f"hint:{NODE}"}),
    ({"chips_source": f"hint:{NODE}"}, {}),
    ({"attested_node": NODE}, {}),
    ({"provenance_source": "github"}, {}),
    ({"all_urls": True}, {}),
    ({"base_image_sha256": "a" * 64}, {}),
]


@pytest.mark.parametrize(("more", "less"), MORE_AND_LESS)
def test_a_pass_that_asked_less_hides_no_fail(more, less):
    failed, passed = report(subject(**more), "FAIL"), report(subject(**less), "PASS")
    assert standing(failed, passed) == ["FAIL", "PASS"]
    assert standing(failed, report(subject(**less), "TROUBLE"), passed) == ["FAIL", "PASS"]


@pytest.mark.parametrize(("more", "less"), MORE_AND_LESS)
def test_a_pass_that_asked_as_much_or_more_takes_the_place_of_a_fail(more, less):
    assert standing(report(subject(**less), "FAIL"), report(subject(**more), "PASS")) == ["PASS"]
    assert standing(report(subject(**more), "FAIL"), report(subject(**more), "PASS")) == ["PASS"]


@pytest.mark.parametrize("name", ["attested_node", "provenance_source", "base_image_sha256"])
def test_a_pass_that_asked_something_else_hides_no_fail(name):
    failed, passed = (report(subject(**{name: what}), how) for what, how in (("a", "FAIL"), ("b", "PASS")))
    assert standing(failed, passed) == ["FAIL", "PASS"]


@pytest.mark.parametrize(
    "name", ["proposal_source", "request_source", "base_image", "catalogue", "attestation_chain"]
)
def test_places_that_say_nothing_of_what_was_asked_do_not_matter(name):
    failed, passed = (report(subject(**{name: what}), how) for what, how in (("a", "FAIL"), ("b", "PASS")))
    assert standing(failed, passed) == ["PASS"]


@pytest.mark.parametrize("verdict", ["FAIL", "TROUBLE"])
def test_a_report_that_found_the_base_version_replaces_one_that_did_not(verdict):
    assert standing(report(subject(None), verdict), report(subject(), "PASS")) == ["PASS"]


def test_a_report_without_a_base_version_replaces_none_that_has_one():
    assert standing(report(subject(), "FAIL"), report(subject(None), "TROUBLE")) == ["FAIL", "TROUBLE"]


def test_a_report_that_found_the_base_version_and_asked_less_does_not_replace():
    failed = report(subject(None, chips_source="file registry"), "FAIL")
    assert standing(failed, report(subject(), "PASS")) == ["FAIL", "PASS"]


def test_trouble_in_between_lets_no_weaker_pass_through():
    about = subject()
    failed, trouble, passed = (
        report(about, "FAIL"),
        report(about, "TROUBLE", OPEN),
        report(about, "PASS", OPEN),
    )
    assert standing(failed, passed) == ["FAIL"]
    assert standing(failed, trouble, passed) == ["TROUBLE"]
    assert standing(report(about, "PASS"), trouble, passed) == ["TROUBLE"]
    assert standing(failed, trouble, passed, report(about, "PASS")) == ["PASS"]


def test_a_report_that_did_not_get_to_a_check_says_nothing_of_what_that_leaves_open():
    about = subject()
    early = report(about, "TROUBLE", decided=(43,))
    assert standing(report(about, "PASS", OPEN), early, report(about, "PASS", OPEN)) == ["PASS"]
    skipped = replace(report(about, "FAIL"), outcomes=((9, Outcome.SKIP),))
    assert standing(skipped, report(about, "PASS", OPEN)) == ["PASS"]


def test_what_no_decision_carries_is_left_open_too():
    about = subject()
    older = replace(report(about, "PASS"), claim=Claim(Verdict.PASS, (Qualification.OLDER_POLICY,)))
    assert standing(report(about, "FAIL"), older) == ["FAIL"]


def test_how_many_older_ones_there_are_is_counted_over_all():
    reports = [
        report(subject(None), "FAIL"),
        report(subject(all_urls=True), "FAIL"),
        report(subject(), "TROUBLE"),
    ]
    last = replace(report(subject(all_urls=True), "PASS"), finished=FIRST + timedelta(days=1))
    (one,) = standing_reports([*reports, last])
    assert one.older == 3
