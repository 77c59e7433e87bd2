"""Who built the release, in every rendering."""

from __future__ import annotations

import html

import pytest

from auditkit.audit import Trouble
from auditkit.checks import PROVENANCE_CHECKS
from auditkit.decision import Outcome
from auditkit.report import AuditDocument, from_json, to_json
from auditkit.report.rendering import render_html, render_markdown, render_text
from auditkit.report.rendering.answers import answers
from auditkit.report.rendering.meaning import limits_of_meaning, meaning
from auditkit.report.rendering.summary import headline
from auditkit.report.rendering.tables.builder import CAVEAT, is_built, who_built

RUN = "https://github.com/dfinity/ic/actions/runs/17"


def asked(document: AuditDocument, **outcomes: tuple[str, str]) -> AuditDocument:
    """The report, where it was asked who built the release: all checks pass but those that are named.

    Args:
        outcomes: outcome and reason of checks, by the last words of their ids.
    """
    wanted = {
        check.id: outcomes.get(check.id.removeprefix("provenance.").replace("-", "_"), ("pass", "Yes."))
        for check in PROVENANCE_CHECKS
    }
    made = [
        one.__class__(
            one.id,
            one.number,
            one.question,
            Outcome(wanted[one.id][0]),
            one.expected,
            "observed",
            wanted[one.id][1],
        )
        if one.id in wanted
        else one
        for one in document.decisions
    ]
    parameters = {**document.parameters, "provenance_source": "github"}
    return document.model_copy(update={"decisions": tuple(made), "parameters": parameters})


def built_by(document: AuditDocument) -> str | None:
    found = [answer for answer in answers(document) if answer.question == "Built by"]
    return f"{found[0].text} {found[0].quoted}".strip() if found else None


def test_nobody_was_asked(failing):
    assert who_built(failing) is None
    assert built_by(failing) is None
    assert not is_built(failing)


def test_built_by_dfinity(failing):
    document = asked(failing)
    assert built_by(document) == (
        f"dfinity's release workflow, from the commit that is the version, in the run {RUN}"
    )
    assert any("dfinity's release workflow on GitHub built the image" in one for one in meaning(document))
    assert any("others who build the commit" in one for one in limits_of_meaning(document))


def test_not_built_as_a_release(failing):
    document = asked(failing, branch=("fail", "It was not built on a branch for releases."))
    assert built_by(document) == "not as a release has to be (check 73, provenance.branch): observed"
    assert not any("built the image" in one for one in meaning(document))


def test_nobody_attests_it(failing):
    left = {
        check.id.removeprefix("provenance.").replace("-", "_"): ("skip", "x")
        for check in PROVENANCE_CHECKS[1:]
    }
    document = asked(failing, attested=("warn", "It was built before."), **left)
    assert built_by(document) == "nobody attests it. It was built before."


def rest_is_left(document: AuditDocument) -> AuditDocument:
    """The report without the checks about the build, as where it could not be told who built it."""
    asked_for = asked(document)
    ids = {check.id for check in PROVENANCE_CHECKS}
    left = tuple(one for one in asked_for.decisions if one.id not in ids)
    return asked_for.model_copy(update={"decisions": left})


UNKNOWN_LOG = Trouble("the attestation is in a log that is not known here", "log 25046b19", "upgrade")


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ((UNKNOWN_LOG,), "the attestation is in a log that is not known here."),
        ((UNKNOWN_LOG, Trouble("another")), "it could not be determined."),
        ((), "it could not be determined."),
    ],
)
def test_what_could_not_be_told_is_not_known(failing, trouble, said):
    document = rest_is_left(failing).model_copy(update={"trouble": trouble})
    assert built_by(document) == f"not known: {said}"


def test_a_check_without_an_answer_is_not_known(failing):
    reason = "The file that was given holds no attestation."
    assert built_by(asked(failing, attested=("skip", reason))) == f"not known: {reason}"
    reason = "The attested SHA256SUMS lists no update image."
    assert built_by(asked(failing, image=("skip", reason))) == f"not known: {reason}"


def test_a_failure_is_told_to_be_about_the_build(failing):
    deciding = failing.deciding.model_copy(update={"decision": "provenance.commit"})
    told = headline(failing.model_copy(update={"deciding": deciding}))
    assert (
        told
        == "Base release 7360f8f30123 was not built as releases are; the proposal itself stands up to its checks."
    )


@pytest.mark.parametrize("render", [render_text, render_markdown, render_html])
def test_every_rendering_tells_what_the_attestation_says(failing, render):
    told = " ".join(render(failing).split())
    assert "Who built it" in told
    if render is not render_markdown:
        assert "self-hosted: the repository owner's own machine" in html.unescape(told)
    assert "2026-09-10 04:00:00 UTC, entry 4321" in told.replace("\\", "")
    assert CAVEAT.split(":")[0] in told
    without = " ".join(render(failing.model_copy(update={"provenance": None})).split())
    assert "Who built it" not in without


def test_what_is_not_said(failing):
    record = failing.provenance.model_copy(update={"run_url": None, "runner": "martian"})
    told = render_text(failing.model_copy(update={"provenance": record}))
    assert "run: not said" in told
    assert "on: martian" in told


def test_the_record_survives_the_way_through_json(failing):
    assert from_json(to_json(failing)).provenance == failing.provenance
