"""The recovery image and the attestation report as parts of an audit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditkit import checks, practice
from auditkit.errors import ParameterError, SourceError
from auditkit.pipeline import Parameters, check, preflight
from auditkit.practice import parameter_file
from auditkit.practice.attested import Attested
from auditkit.practice.chips import attestation_files
from auditkit.report import render_html
from auditkit.report.rendering.chain import chain_links

LINKS = (
    "NNS key",
    "certificate",
    "proposal",
    "election",
    "release",
    "measurements",
    "recovery image",
    "machines",
    "node",
)


def audit(name: str, *overrides: str):
    document, evidence = check(Parameters.from_file(parameter_file(name), overrides, {}))
    return document, evidence


def states(document) -> dict[str, str]:
    return {link.name: link.state for link in chain_links(document.decisions)}


@pytest.mark.parametrize(
    ("name", "broken", "unchecked"),
    [
        ("honest", (), ("recovery image", "machines", "node")),
        ("recovery-honest", (), ("node",)),
        ("node-honest", (), ("recovery image",)),
        ("recovery-wrong-root", ("recovery image",), ("machines", "node")),
        ("node-debug", ("node",), ("recovery image", "machines")),
        ("unexplained", ("measurements",), ("recovery image", "machines", "node")),
    ],
)
def test_the_picture_shows_each_link_with_its_outcome(name, broken, unchecked):
    document, _ = audit(name)
    shown = states(document)
    assert tuple(shown) == LINKS
    assert [link for link in LINKS if shown[link] == "fail"] == list(broken)
    assert tuple(link for link in LINKS if shown[link] == "none") == unchecked
    html = render_html(document)
    for link, state in shown.items():
        assert f"{link}: {({'pass': 'pass', 'fail': 'FAIL', 'none': 'not checked'})[state]}" in html


def test_a_tampered_certificate_leaves_everything_behind_it_unchecked():
    document, _ = audit("tampered-certificate", "recovery_image=practice:recovery-honest")
    shown = states(document)
    assert shown["certificate"] == shown["NNS key"] == "fail"
    assert shown["recovery image"] == "none"
    reason = next(one.reason for one in document.decisions if one.id == checks.RECOVERY_TREE.id)
    assert reason == "Not reached: certificate.signature failed."


@pytest.mark.parametrize(
    ("override", "first"),
    [
        ("recovery_image={}", checks.RECOVERY_TREE.id),
        ("attestation_report={}", checks.ATTESTATION_REPORT.id),
    ],
)
def test_what_is_given_and_cannot_be_had_is_trouble(override, first, tmp_path):
    document, _ = audit("honest", override.format(tmp_path / "none"))
    assert document.verdict == "TROUBLE"
    assert document.verdicts.overlap == "PASS"
    assert document.deciding.decision == first


def test_rubbish_is_trouble_for_an_image_and_a_failure_for_a_report(tmp_path):
    (tmp_path / "rubbish").write_bytes(b"\1" * 5000)
    document, _ = audit("honest", f"recovery_image={tmp_path / 'rubbish'}")
    assert document.verdict == "TROUBLE"
    document, _ = audit("honest", f"attestation_report={tmp_path / 'rubbish'}")
    assert (document.verdict, document.deciding.decision) == ("FAIL", "attestation.report")


def test_a_report_without_a_chain_fails():
    report, _ = attestation_files(Attested.HONEST)
    document, _ = audit("honest", f"attestation_report={report}")
    assert (document.verdict, document.deciding.decision) == ("FAIL", "attestation.chain")


def test_both_can_be_checked_at_once():
    document, evidence = audit(
        "recovery-honest",
        "attestation_report=practice:node-honest",
        "attestation_chain=practice:node-honest",
    )
    assert document.verdict == "PASS"
    assert set(states(document).values()) == {"pass"}
    names = {item.name: item.content is not None for item in evidence}
    assert names["recovery-update-img.tar.zst"] is False
    assert names["alternative_guestos_proposal.cbor"]
    assert names["attestation-report"]
    assert names["attestation-chain"]


@pytest.mark.parametrize(
    ("name", "blamed"),
    [
        ("recovery-wrong-root", "The recovery image"),
        ("node-debug", "The node"),
        ("unexplained", "The proposal does not"),
    ],
)
def test_the_headline_blames_the_link_that_broke(name, blamed):
    from auditkit.report.rendering.summary import headline

    assert headline(audit(name)[0]).startswith(blamed)


@pytest.mark.parametrize("name", ["recovery_image", "attestation_report"])
def test_preflight_refuses_what_is_not_there(name, tmp_path):
    honest = parameter_file("honest")
    with pytest.raises(SourceError, match="no such file"):
        preflight(Parameters.from_file(honest, (f"{name}={tmp_path / 'none'}",), {}))
    with pytest.raises(ParameterError, match="has no such file"):
        preflight(Parameters.from_file(honest, (f"{name}=practice:honest",), {}))


def test_practice_chips_are_not_trusted_under_another_nns():
    """The chain is good under the practice root, and leads nowhere under AMD's alone."""
    from auditkit.audit import decide_attestation
    from auditkit.ic import BlessAlternativeGuestOsVersion
    from auditkit.practice.chips import practice_chip, practice_root
    from auditkit.practice.nns.proposals import blessed_measurements
    from auditkit.practice.scenarios import Blessing
    from auditkit.sev.attestation import amd_roots

    report, chain = (path.read_bytes() for path in attestation_files(Attested.HONEST))
    bless = BlessAlternativeGuestOsVersion((practice_chip(1),), "", blessed_measurements(Blessing.BASE))
    now = datetime(2026, 11, 22, tzinfo=UTC)

    def failed(roots):
        made = decide_attestation(report, chain, bless, roots=roots, moment=now).decisions
        assert [one.number for one in made] == list(range(35, 43))
        return [one.id for one in made if one.outcome == "fail"]

    assert failed((practice_root(),)) == []
    assert failed(amd_roots()) == ["attestation.chain"]


def test_every_case_has_a_scenario():
    listed = practice.scenarios()
    from auditkit.practice.recovered import Recovered

    assert {one.attested for one in listed} - {None} == set(Attested)
    assert {one.recovered for one in listed} - {None} == set(Recovered)
