"""An audit computes each part once, shows it, and says so when an earlier part stands in the way."""

from __future__ import annotations

from html import escape

import pytest

from auditkit import Audit
from auditkit.audit import Trouble
from auditkit.checks import BASE_CHECKS, BASE_DIGEST, ELECTION_BLESSED, ELECTION_DIGEST, OVERLAP_CHECKS
from auditkit.errors import ParameterError, SourceError
from auditkit.pipeline import BaseImageStep, ProposalStep, Step
from auditkit.pipeline import audit as audit_module
from auditkit.progress import Silent

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eoops"


@pytest.fixture(scope="module")
def honest() -> Audit:
    return Audit.named("practice:honest", progress=Silent())


def test_each_part_is_computed_once_and_only_what_it_needs(monkeypatch):
    asked = []
    read = audit_module.read_base_image
    monkeypatch.setattr(
        audit_module, "read_base_image", lambda *given, **named: asked.append(1) or read(*given, **named)
    )
    audit = Audit.named("practice:honest", progress=Silent())
    assert audit.proposal.bless is not None
    assert asked == []
    assert audit.overlap is audit.overlap
    assert audit.base.boot is not None
    assert asked == [1]


@pytest.mark.parametrize("name", ["parameters", "trust", "proposal", "base", "document"])
def test_no_part_of_it_can_be_exchanged(honest, name):
    """Its report would be about two audits: steps under one root key, the verdict under another."""
    other = Audit.named("practice:unexplained", progress=Silent())
    with pytest.raises(AttributeError, match=f"an audit cannot be changed, nor its {name}"):
        setattr(honest, name, getattr(other, name) if name in ("parameters", "trust") else None)
    with pytest.raises(AttributeError, match=f"an audit cannot be changed, nor its {name}"):
        delattr(honest, name)


def test_the_document_is_that_of_the_parts(honest):
    made = [decision for step in honest.steps for decision in step.decisions]
    about_the_audit = [one for one in honest.document.decisions if one.id.startswith("settings.")]
    assert sorted([*made, *about_the_audit], key=lambda one: one.number) == list(honest.document.decisions)
    assert honest.document.claim.verdict == "PASS"
    assert {item.name for item in honest.evidence} >= {"proposal.cbor", "replay.yaml", "vmlinuz"}


def test_a_part_shows_every_decision_in_a_cell_and_in_a_terminal(honest):
    html, text = honest.overlap._repr_html_(), repr(honest.overlap)
    for decision in honest.overlap.decisions:
        assert escape(decision.question) in html
        assert decision.id in text
    assert text.startswith("The overlap: 5 passed.")
    assert html.count("tex2jax_ignore mathjax_ignore") == 2


def test_the_audit_shows_its_parameters_as_reports_tell_them(tmp_path):
    audit = Audit.named("practice:honest", f"output_dir={tmp_path}/secret", progress=Silent())
    html = audit._repr_html_()
    assert "<td" in html
    assert "sweep_vcpus_max" in html
    assert "secret" not in html


def test_a_failed_part_stands_in_the_way_and_is_named():
    audit = Audit.named("practice:tampered-certificate", progress=Silent())
    assert audit.base.obstacle == "Not reached: certificate.signature failed."
    assert [decision.outcome for decision in audit.base.decisions] == ["skip"] * len(
        (*BASE_CHECKS, ELECTION_DIGEST)
    )
    assert audit.base.obstacle in audit.base._repr_html_()
    assert repr(audit.overlap).startswith("The overlap: Not reached: certificate.signature failed.")
    assert len(audit.overlap.decisions) == len((*OVERLAP_CHECKS, ELECTION_BLESSED))


def test_trouble_stands_in_the_way_without_a_decision(tmp_path):
    image = tmp_path / "image"
    image.write_bytes(b"neither archive nor partition")
    audit = Audit.named("practice:honest", f"base_image={image}", progress=Silent())
    assert [one.where for one in audit.base.trouble] == ["image"]
    assert audit.measurements.decisions == ()
    assert [one.id for one in audit.overlap.decisions] == ["election.blessed"]
    assert audit.overlap.obstacle.startswith(
        "Not reached, because of trouble with the base release: image: this is neither"
    )
    assert audit.document.verdict == "TROUBLE"


@pytest.mark.parametrize("field", ["observed", "reason"])
def test_foreign_text_is_shown_and_does_nothing(field):
    decision = BASE_DIGEST.failed(**{"observed": "x", "reason": "y", field: HOSTILE})
    step = BaseImageStep(decisions=(decision,), trouble=(Trouble(HOSTILE, HOSTILE, HOSTILE),))
    html, text = step._repr_html_(), repr(step)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    for shown in (html, text):
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_a_step_that_stopped_for_no_reason_is_an_error():
    passed = BASE_DIGEST.passed("x", "y")
    with pytest.raises(ParameterError, match="stopped without saying why"):
        BaseImageStep.unreached(ProposalStep(decisions=(passed,)), BASE_CHECKS)


def test_what_stood_in_the_way_before_stands_in_the_way_behind():
    first = Step(trouble=(Trouble("no network", "", ""),))
    second = Step.unreached(first, BASE_CHECKS)
    third = Step.unreached(second, OVERLAP_CHECKS)
    assert third.obstacle == "Not reached, because of trouble with an earlier step: no network."
    assert (third.decisions, third.trouble) == ((), ())


@pytest.mark.parametrize(
    ("source", "overrides", "error", "message"),
    [
        ("practice:honset", (), ParameterError, "no practice scenario"),
        ("/nowhere/at/all.yaml", (), SourceError, "cannot be read"),
        ("practice:honest", ("policy=lax",), ParameterError, "the parameter policy cannot be 'lax'"),
        ("practice:honest", ("root_key=nobody",), ParameterError, "neither a name, nor"),
    ],
)
def test_what_cannot_be_audited_is_said_at_once(source, overrides, error, message):
    with pytest.raises(error, match=message):
        Audit.named(source, *overrides)


def test_a_report_is_written_from_the_audit(honest, tmp_path):
    page = honest.write_report(tmp_path / "report")
    assert page.name == "report.html"
    assert (tmp_path / "report" / "audit.json").is_file()


def test_an_audit_of_what_are_no_parameters_says_how_to_name_one():
    with pytest.raises(ParameterError, match="an audit takes Parameters") as caught:
        Audit("practice:honest")
    assert "Audit.named" in caught.value.hint
