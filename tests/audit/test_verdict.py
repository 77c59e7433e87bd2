"""The verdict: written against the rule in the contract, not against the code."""

from __future__ import annotations

import pytest

from auditkit import checks
from auditkit.audit import (
    ATTESTATION_POLICY,
    AUTHENTIC_POLICY,
    FILES_OVERLAP_POLICY,
    OVERLAP,
    POLICIES,
    PROPOSAL_POLICY,
    STRICT,
    STRICT_1,
    VERITY_POLICY,
    Verdict,
    certificate_policy,
    compare_images_policy,
    judge,
    policy_version,
)
from auditkit.decision import Decision
from auditkit.errors import ParameterError


def all_passed() -> list[Decision]:
    return [check.passed("seen", "because") for check in checks.ALL_CHECKS]


def replaced(decisions: list[Decision], new: Decision) -> list[Decision]:
    return [new if decision.id == new.id else decision for decision in decisions]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_all_passed_is_pass(policy):
    judgement = judge(all_passed(), policy)
    assert judgement.verdict is Verdict.PASS
    assert judgement.deciding is None
    assert judgement.missing == ()


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_nothing_at_all_is_trouble(policy):
    judgement = judge([], policy)
    assert judgement.verdict is Verdict.TROUBLE
    assert set(judgement.missing) == policy.demanded


@pytest.mark.parametrize("check", checks.ALL_CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_one_failure_fails_where_the_policy_demands_the_check(policy, check):
    judgement = judge(replaced(all_passed(), check.failed("bad", "it is bad")), policy)
    demanded = check.id in policy.demanded
    assert judgement.verdict is (Verdict.FAIL if demanded else Verdict.PASS)
    if demanded:
        assert judgement.deciding is not None
        assert judgement.deciding.id == check.id
        assert judgement.reason == "it is bad"


@pytest.mark.parametrize("check", checks.ALL_CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_missing_decision_is_trouble(policy, check):
    decisions = [decision for decision in all_passed() if decision.id != check.id]
    wanted = Verdict.TROUBLE if check.id in policy.demanded else Verdict.PASS
    assert judge(decisions, policy).verdict is wanted


@pytest.mark.parametrize("check", checks.ALL_CHECKS, ids=lambda check: check.id)
def test_warnings_change_nothing(check):
    decisions = replaced(all_passed(), check.warned("odd", "look at it"))
    assert judge(decisions, STRICT).verdict is Verdict.PASS


def test_a_skip_cannot_replace_the_signature():
    decisions = replaced(all_passed(), checks.CERTIFICATE_SIGNATURE.skipped("not reached"))
    for policy in POLICIES.values():
        judgement = judge(decisions, policy)
        assert judgement.verdict is Verdict.TROUBLE
        assert judgement.missing == ("certificate.signature",)


def test_a_skip_where_nothing_is_to_be_checked_changes_nothing():
    decisions = replaced(all_passed(), checks.DELEGATION_RANGES.skipped("no delegation"))
    assert judge(decisions, STRICT).verdict is Verdict.PASS


def test_failure_goes_before_trouble():
    decisions = [checks.PROPOSAL_STAGE.failed("open", "still open")]
    assert judge(decisions, OVERLAP).verdict is Verdict.FAIL


def test_a_check_decided_twice_is_trouble():
    decisions = [*all_passed(), checks.OVERLAP_ANY.passed("again", "again")]
    assert judge(decisions, STRICT).verdict is Verdict.TROUBLE


def test_a_check_decided_twice_with_a_failure_fails():
    decisions = [*all_passed(), checks.OVERLAP_ANY.failed("none", "none")]
    assert judge(decisions, STRICT).verdict is Verdict.FAIL


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


def ids(*members) -> set[str]:
    return {check.id for check in members}


STRICT_MAY_SKIP = {
    "delegation.depth",
    "delegation.signature",
    "delegation.ranges",
    "delegation.subnet-key",
    "measurement.published",
}


def test_what_each_version_of_a_policy_demands():
    assert (STRICT.id, STRICT_1.id, OVERLAP.id) == ("strict/2", "strict/1", "overlap/1")
    assert STRICT.demanded == ids(*checks.ALL_CHECKS)
    assert STRICT_1.demanded == {check.id for check in checks.ALL_CHECKS if check.number <= 41}
    assert OVERLAP.demanded == {check.id for check in checks.ALL_CHECKS if check.number <= 14} | {
        "base.digest",
        "overlap.any",
    }
    whole = STRICT.asking(recovery_image=True, attestation=True)
    assert whole.demanded - whole.answered == STRICT_MAY_SKIP
    assert STRICT_1.asking(recovery_image=True, attestation=True) == STRICT_1


@pytest.mark.parametrize("check", checks.ALL_CHECKS, ids=lambda check: check.id)
def test_a_skip_of_what_was_asked_about_is_trouble(check):
    decisions = replaced(all_passed(), check.skipped("it could not be told"))
    asked = STRICT.asking(recovery_image=True, attestation=True)
    judgement = judge(decisions, asked)
    assert judgement.verdict is (Verdict.PASS if check.id in STRICT_MAY_SKIP else Verdict.TROUBLE)
    if judgement.verdict is Verdict.TROUBLE:
        assert judgement.reason == f"the check {check.id} has no answer: it could not be told"


@pytest.mark.parametrize(
    ("about", "group"),
    [("recovery_image", checks.RECOVERY_CHECKS), ("attestation", checks.ATTESTATION_CHECKS)],
)
def test_a_skip_of_what_nobody_asked_about_changes_nothing(about, group):
    asked = {"recovery_image": True, "attestation": True, about: False}
    for check in group:
        decisions = replaced(all_passed(), check.skipped("nothing was given"))
        assert judge(decisions, STRICT.asking(**asked)).verdict is Verdict.PASS


@pytest.mark.parametrize("identifier", ["strict/9", "strict", "lenient/1", ""])
def test_a_policy_of_another_version_is_named(identifier):
    with pytest.raises(ParameterError, match="does not know the policy"):
        policy_version(identifier)


COMMANDS = {
    "verify-certificate": certificate_policy(delegated=False),
    "verify-certificate, delegated": certificate_policy(delegated=True),
    "verify-proposal": PROPOSAL_POLICY,
    "fetch-proposal": AUTHENTIC_POLICY,
    "overlap": FILES_OVERLAP_POLICY,
    "verify-attestation": ATTESTATION_POLICY,
    "compare-images": compare_images_policy(proposal=False),
    "compare-images, proposal": compare_images_policy(proposal=True),
    "verity-hash": VERITY_POLICY,
}


@pytest.mark.parametrize("policy", COMMANDS.values(), ids=COMMANDS)
def test_a_command_needs_an_answer_to_what_it_asks(policy):
    made = [check.passed("seen", "because") for check in policy.checks]
    assert judge(made, policy).verdict is Verdict.PASS
    for check in policy.checks:
        assert judge(replaced(made, check.failed("bad", "bad")), policy).verdict is Verdict.FAIL
        without = [decision for decision in made if decision.id != check.id]
        assert judge(without, policy).verdict is Verdict.TROUBLE
        waived = (
            check.id.startswith("delegation.") and policy is not COMMANDS["verify-certificate, delegated"]
        )
        skipped = judge(replaced(made, check.skipped("nobody knows")), policy)
        assert skipped.verdict is (Verdict.PASS if waived else Verdict.TROUBLE), check.id


def test_the_catalogue_is_numbered_in_its_order():
    assert [check.number for check in checks.ALL_CHECKS] == list(range(1, len(checks.ALL_CHECKS) + 1))
    assert len({check.id for check in checks.ALL_CHECKS}) == len(checks.ALL_CHECKS)
