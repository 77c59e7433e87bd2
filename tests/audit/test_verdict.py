"""The verdict: written against the rule in the contract, not against the code."""

from __future__ import annotations

import pytest

from auditkit import checks
from auditkit.audit import (
    OVERLAP,
    POLICIES,
    STRICT,
    Verdict,
    judge,
)
from auditkit.decision import Check, Decision


def all_passed() -> list[Decision]:
    return [check.passed("seen", "because") for check in checks.ALL_CHECKS]


def replaced(decisions: list[Decision], new: Decision) -> list[Decision]:
    return [new if decision.id == new.id else decision for decision in decisions]


def without(check: Check) -> list[Decision]:
    return [decision for decision in all_passed() if decision.id != check.id]


def test_a_skip_cannot_replace_the_signature():
    decisions = replaced(all_passed(), checks.CERTIFICATE_SIGNATURE.skipped("not reached"))
    for policy in POLICIES.values():
        judgement = judge(decisions, policy)
        assert judgement.verdict is Verdict.TROUBLE
        assert judgement.missing == ("certificate.signature",)


def test_a_skip_where_nothing_is_to_be_checked_changes_nothing():
    decisions = replaced(all_passed(), checks.DELEGATION_RANGES.skipped("no delegation"))
    assert judge(decisions, STRICT).verdict is Verdict.PASS


def test_a_check_decided_twice_is_trouble():
    decisions = [*all_passed(), checks.OVERLAP_ANY.passed("again", "again")]
    assert judge(decisions, STRICT).verdict is Verdict.TROUBLE


def test_a_check_warned_of_twice_is_trouble_and_no_warning_says_why():
    judgement = judge(
        [*without(checks.SETTINGS_MATRIX), *[checks.SETTINGS_MATRIX.warned("odd", "Look at it.")] * 2], STRICT
    )
    assert judgement.verdict is Verdict.TROUBLE
    assert judgement.reason == "the check settings.matrix has no answer"


def test_a_check_decided_twice_with_a_failure_fails():
    decisions = [*all_passed(), checks.OVERLAP_ANY.failed("none", "none")]
    assert judge(decisions, STRICT).verdict is Verdict.FAIL


@pytest.mark.parametrize("check", [checks.OVERLAP_ANY, checks.DELEGATION_RANGES], ids=lambda check: check.id)
def test_a_check_that_is_skipped_beside_its_answer_is_trouble(check):
    judgement = judge([*all_passed(), check.skipped("It was not reached.")], STRICT)
    assert (judgement.verdict, judgement.missing) == (Verdict.TROUBLE, (check.id,))
    assert judgement.reason == f"the check {check.id} has no answer: It was not reached."


def test_the_first_of_many_without_an_answer_is_named():
    decisions = replaced(
        without(checks.SETTINGS_MATRIX), checks.OVERLAP_ANY.skipped("The image was not read.")
    )
    judgement = judge(reversed(decisions), STRICT)
    assert judgement.missing == ("overlap.any", "settings.matrix")
    assert judgement.reason == (
        "2 of the checks that were asked for have no answer, the first being overlap.any: The image was not read."
    )


def test_a_skip_that_is_waived_is_not_the_reason_of_another_gap():
    decisions = replaced(all_passed(), checks.DELEGATION_DEPTH.skipped("There is no delegation."))
    decisions = replaced(decisions, checks.OVERLAP_ANY.skipped("The image was not read."))
    decisions = replaced(decisions, checks.OVERLAP_LABELS.skipped("Nor were its labels."))
    assert judge(decisions, STRICT).reason.endswith("the first being overlap.any: The image was not read.")


def test_a_failure_is_told_with_what_is_missing():
    judgement = judge([checks.PROPOSAL_STAGE.failed("open", "It is open still.")], OVERLAP)
    assert (judgement.verdict, judgement.reason) == (Verdict.FAIL, "It is open still.")
    assert "proposal.stage" not in judgement.missing
    assert len(judgement.missing) == 15


def test_the_first_failure_in_the_order_of_the_checks_decides():
    decisions = replaced(all_passed(), checks.OVERLAP_ANY.failed("b", "later"))
    decisions = replaced(decisions, checks.PROPOSAL_STAGE.failed("a", "earlier"))
    deciding = judge(reversed(decisions), STRICT).deciding
    assert deciding is not None
    assert deciding.id == "proposal.stage"


def test_exit_statuses_of_the_contract():
    assert {verdict: verdict.exit_status for verdict in Verdict} == {
        Verdict.PASS: 0,
        Verdict.FAIL: 1,
        Verdict.TROUBLE: 2,
    }


CATALOGUE = """
    certificate.form certificate.nodes certificate.tree certificate.root-hash certificate.signature certificate.keys
    delegation.depth delegation.signature delegation.ranges delegation.subnet-key certificate.time reply.request
    proposal.reply proposal.stage proposal.chip-ids proposal.rootfs-hash proposal.measurements base.digest base.version
    base.file-system base.boot-args base.root-hash measurement.second-opinion measurement.published overlap.any
    overlap.explained overlap.labels overlap.coverage recovery.tree recovery.metadata recovery.proposal
    recovery.measurements recovery.root-hash recovery.version attestation.report attestation.chain
    attestation.signature attestation.chip-key attestation.chip attestation.measurement attestation.policy
    attestation.version settings.root-key settings.policy settings.matrix registry.request registry.reply election.stage
    election.answer election.elected election.digest election.measurements election.blessed settings.depth
    election.version election.digest-given election.urls election.measurements-given election.image election.explained
    election.labels election.coverage election.record
    chips.known chips.subnet chips.attested
    provenance.attested provenance.signature provenance.issuer provenance.workflow provenance.repository
    provenance.commit provenance.branch provenance.build-config provenance.subject provenance.image root.changes
"""


def test_the_catalogue_keeps_its_numbers():
    """An audit decides 46 and 47 about the registry's answer, and sums them up in 49, 50 and 63."""
    every = {(check.number, check.id) for check in (*checks.ALL_CHECKS, *checks.REGISTRY_CHECKS)}
    assert sorted(every) == list(enumerate(CATALOGUE.split(), 1))


def test_each_audit_has_its_own_checks_in_their_order():
    numbers = [
        [check.number for check in members]
        for members in (checks.ALL_CHECKS, checks.RECOVERY_AUDIT_CHECKS, checks.ELECTION_AUDIT_CHECKS)
    ]
    assert numbers == [
        [*range(1, 46), *range(48, 78)],
        [*range(1, 46), *range(49, 55), *range(64, 78)],
        [*range(1, 14), *range(18, 25), *range(43, 46), 48, *range(54, 64), *range(67, 77)],
    ]
