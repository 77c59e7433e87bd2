"""What each policy demands, typed out: a check that goes, or that a skip may suddenly waive, has to be seen here.

A question mark stands behind a check that a skip may waive (docs/adr/0002); all others need an answer. What a policy
does with the outcomes is tested against these lists and not against its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from auditkit import checks
from auditkit.audit import (
    ATTESTATION_POLICY,
    AUTHENTIC_POLICY,
    FILES_OVERLAP_POLICY,
    OVERLAP,
    POLICIES,
    PROPOSAL_POLICY,
    REGISTRY_POLICY,
    STRICT,
    STRICT_1,
    STRICT_2,
    STRICT_3,
    VERITY_POLICY,
    Judgement,
    Policy,
    Verdict,
    certificate_policy,
    compare_images_policy,
    judge,
    policy_version,
)
from auditkit.decision import Check, Decision
from auditkit.errors import ParameterError
from auditkit.signing import report_checks

CERTIFICATE = """
    certificate.form certificate.nodes certificate.tree certificate.root-hash certificate.signature certificate.keys
    certificate.time
"""
DELEGATION = "delegation.depth? delegation.signature? delegation.ranges? delegation.subnet-key?"
DELEGATED = "delegation.depth delegation.signature delegation.ranges delegation.subnet-key"
REPLY = "reply.request proposal.reply"
ANSWER = f"{CERTIFICATE} {DELEGATION} {REPLY} proposal.stage"
CONTENT = "proposal.chip-ids proposal.rootfs-hash proposal.measurements"
OVERLAPS = "overlap.any overlap.explained overlap.labels overlap.coverage"
RECOVERY = """
    recovery.tree recovery.metadata recovery.proposal recovery.measurements recovery.root-hash recovery.version
"""
ATTESTATION = """
    attestation.report attestation.chain attestation.signature attestation.chip-key attestation.chip
    attestation.measurement attestation.policy attestation.version
"""
SETTINGS = "settings.root-key settings.policy settings.matrix"
BASE = "base.digest base.version base.file-system base.boot-args base.root-hash"

AUDITED_2 = f"""
    {ANSWER} {CONTENT} {BASE} measurement.second-opinion measurement.published? {OVERLAPS} {SETTINGS}
"""
ELECTED = "election.answer election.elected election.digest election.measurements election.blessed"
AUDITED = f"{AUDITED_2} {ELECTED} settings.depth"
CHIPS = "chips.known chips.subnet chips.attested"
PROVENANCE = """
    provenance.attested provenance.signature provenance.issuer provenance.workflow provenance.repository
    provenance.commit provenance.branch provenance.build-config provenance.subject provenance.image
"""
ELECTION_ONLY = """
    election.stage election.version election.digest-given election.urls election.measurements-given election.image
    election.explained election.labels election.coverage
"""
ELECTION = f"""
    {CERTIFICATE} {DELEGATION} {REPLY} {BASE} measurement.second-opinion measurement.published? {SETTINGS}
    settings.depth {ELECTION_ONLY}
"""


def waived(ids: str) -> str:
    return " ".join(f"{check}?" for check in ids.split())


@dataclass(frozen=True)
class Demands:
    """A policy and what it demands, typed out.

    Attributes:
        made: makes the policy.
        ids: ids of checks.
    """

    made: Callable[[], Policy]
    ids: str

    @property
    def policy(self) -> Policy:
        return self.made()

    @property
    def demanded(self) -> set[str]:
        return {check.removesuffix("?") for check in self.ids.split()}

    @property
    def waivable(self) -> set[str]:
        return {check.removesuffix("?") for check in self.ids.split() if check.endswith("?")}


DEMANDS = {
    "strict/4": Demands(
        lambda: STRICT,
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {waived(CHIPS)} {ELECTION_ONLY} election.record? "
        f"{waived(PROVENANCE)}",
    ),
    "strict/4, about a recovery": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False),
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {waived(CHIPS)} {waived(PROVENANCE)}",
    ),
    "strict/4, about a recovery that is executed": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, executed=True),
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {waived(CHIPS)} {waived(PROVENANCE)}",
    ),
    "strict/4, asked about a recovery image": Demands(
        lambda: STRICT.asking(recovery_image=True, attestation=False),
        f"{AUDITED} {RECOVERY} {waived(ATTESTATION)} {waived(CHIPS)} {waived(PROVENANCE)}",
    ),
    "strict/4, asked about an attestation report": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=True),
        f"{AUDITED} {waived(RECOVERY)} {ATTESTATION} {waived(CHIPS)} {waived(PROVENANCE)}",
    ),
    "strict/4, asked about both": Demands(
        lambda: STRICT.asking(recovery_image=True, attestation=True),
        f"{AUDITED} {RECOVERY} {ATTESTATION} {waived(CHIPS)} {waived(PROVENANCE)}",
    ),
    "strict/4, asked whose the chips are": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, chips=True),
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} chips.known chips.subnet chips.attested? "
        f"{waived(PROVENANCE)}",
    ),
    "strict/4, asked whose the chips are, and about an attestation report": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=True, chips=True),
        f"{AUDITED} {waived(RECOVERY)} {ATTESTATION} {CHIPS} {waived(PROVENANCE)}",
    ),
    "strict/4, about an election to vote on": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, subject="election"),
        f"{ELECTION} election.record? {waived(PROVENANCE)}",
    ),
    "strict/4, about an election that is executed": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, subject="election", executed=True),
        f"{ELECTION} election.record {waived(PROVENANCE)}",
    ),
    "strict/4, asked who built the release, which nobody attested": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, provenance=True),
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {waived(CHIPS)} provenance.attested "
        f"{waived(PROVENANCE.replace('provenance.attested', ''))}",
    ),
    "strict/4, asked who built the release, which somebody attested": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, provenance=True, attested=True),
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {waived(CHIPS)} {PROVENANCE}",
    ),
    "strict/4, asked nobody who built the release": Demands(
        lambda: STRICT.asking(recovery_image=False, attestation=False, attested=True),
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {waived(CHIPS)} {waived(PROVENANCE)}",
    ),
    "strict/4, about an election, asked who built the release": Demands(
        lambda: STRICT.asking(
            recovery_image=False, attestation=False, subject="election", provenance=True, attested=True
        ),
        f"{ELECTION} election.record? {PROVENANCE}",
    ),
    "strict/3": Demands(
        lambda: STRICT_3,
        f"{AUDITED} {waived(RECOVERY)} {waived(ATTESTATION)} {ELECTION_ONLY} election.record?",
    ),
    "strict/3, about a recovery with all that it can be asked": Demands(
        lambda: STRICT_3.asking(recovery_image=True, attestation=True, executed=True),
        f"{AUDITED} {RECOVERY} {ATTESTATION}",
    ),
    "strict/3, about an election that is executed": Demands(
        lambda: STRICT_3.asking(recovery_image=False, attestation=False, subject="election", executed=True),
        f"{ELECTION} election.record",
    ),
    "strict/2": Demands(lambda: STRICT_2, f"{AUDITED_2} {waived(RECOVERY)} {waived(ATTESTATION)}"),
    "strict/2, asked about a recovery image": Demands(
        lambda: STRICT_2.asking(recovery_image=True, attestation=False),
        f"{AUDITED_2} {RECOVERY} {waived(ATTESTATION)}",
    ),
    "strict/2, asked about both, executed": Demands(
        lambda: STRICT_2.asking(recovery_image=True, attestation=True, executed=True),
        f"{AUDITED_2} {RECOVERY} {ATTESTATION}",
    ),
    "strict/2, about an election, of which it knows nothing": Demands(
        lambda: STRICT_2.asking(recovery_image=False, attestation=False, subject="election", executed=True),
        f"{AUDITED_2} {waived(RECOVERY)} {waived(ATTESTATION)}",
    ),
    "strict/1": Demands(
        lambda: STRICT_1,
        f"""
        {ANSWER} {CONTENT} {waived("base.digest base.version base.file-system base.root-hash")} base.boot-args
        measurement.second-opinion? measurement.published?
        overlap.any overlap.explained overlap.labels overlap.coverage?
        {waived(RECOVERY)} {waived(ATTESTATION.replace("attestation.version", ""))}
        """,
    ),
    "overlap/1": Demands(lambda: OVERLAP, f"{ANSWER} base.digest? overlap.any"),
    "verify-certificate/1": Demands(
        lambda: certificate_policy(delegated=False), f"{CERTIFICATE} {DELEGATION} settings.root-key"
    ),
    "verify-certificate/1, delegated": Demands(
        lambda: certificate_policy(delegated=True), f"{CERTIFICATE} {DELEGATED} settings.root-key"
    ),
    "verify-proposal/1": Demands(lambda: PROPOSAL_POLICY, f"{ANSWER} settings.root-key"),
    "authentic-proposal/1": Demands(
        lambda: AUTHENTIC_POLICY, f"{CERTIFICATE} {DELEGATION} {REPLY} settings.root-key"
    ),
    "verify-registry/1": Demands(
        lambda: REGISTRY_POLICY,
        f"{CERTIFICATE} {DELEGATION} registry.request registry.reply settings.root-key",
    ),
    "overlap-of-files/1": Demands(
        lambda: FILES_OVERLAP_POLICY, f"{ANSWER} {CONTENT} {OVERLAPS} settings.root-key settings.matrix"
    ),
    "verify-attestation/1": Demands(lambda: ATTESTATION_POLICY, f"{ANSWER} {ATTESTATION} settings.root-key"),
    "compare-images/1": Demands(
        lambda: compare_images_policy(proposal=False), f"{RECOVERY} settings.root-key"
    ),
    "compare-images/1, with a proposal": Demands(
        lambda: compare_images_policy(proposal=True), f"{ANSWER} {RECOVERY} settings.root-key"
    ),
    "verity-hash/1": Demands(lambda: VERITY_POLICY, "root.verity"),
    "verify-report/1": Demands(
        lambda: report_checks.verification_policy(required=False, replayed=False),
        """
        report.document report.evidence report.renderings signature.form signature.keys signature.signers
        statement.subjects statement.content
        """,
    ),
    "verify-report/1, required and repeated": Demands(
        lambda: report_checks.verification_policy(required=True, replayed=True),
        """
        report.document report.evidence report.renderings signature.form signature.keys signature.signers
        statement.subjects statement.content report.verdict report.replay
        """,
    ),
}


def every_check(policy: Policy) -> tuple[Check, ...]:
    """The checks of the policy, and all of an audit beside them where they are of one."""
    return checks.ALL_CHECKS if set(policy.checks) <= set(checks.ALL_CHECKS) else policy.checks


def with_one(policy: Policy, *instead: Decision, of: Check) -> Judgement:
    """The verdict where every check passed, but for one."""
    others = [check.passed("seen", "because") for check in every_check(policy) if check is not of]
    return judge([*others, *instead], policy)


demands = pytest.mark.parametrize("demands", DEMANDS.values(), ids=DEMANDS)


@pytest.mark.parametrize(("name", "demands"), DEMANDS.items(), ids=DEMANDS)
def test_the_policy_demands_these_checks_and_no_other(name, demands):
    assert demands.policy.id == name.split(",")[0]
    assert demands.policy.demanded == demands.demanded
    assert demands.policy.demanded - demands.policy.answered == demands.waivable
    assert demands.policy.answered <= demands.demanded
    assert len(demands.policy.checks) == len(demands.demanded)


@demands
def test_all_passed_is_a_pass(demands):
    made = [check.passed("seen", "because") for check in every_check(demands.policy)]
    assert judge(made, demands.policy) == Judgement(
        demands.policy.id, Verdict.PASS, None, (), demands.policy.promise
    )


@demands
def test_nothing_is_trouble(demands):
    judgement = judge([], demands.policy)
    assert (judgement.verdict, judgement.deciding) == (Verdict.TROUBLE, None)
    assert sorted(judgement.missing) == sorted(demands.demanded)


@demands
def test_a_demanded_check_that_fails_is_a_fail_and_any_other_changes_nothing(demands):
    for check in every_check(demands.policy):
        failed = check.failed("bad", "It is bad.")
        judgement = with_one(demands.policy, failed, of=check)
        if check.id in demands.demanded:
            assert judgement == Judgement(demands.policy.id, Verdict.FAIL, failed, (), "It is bad.")
        else:
            assert judgement.verdict is Verdict.PASS, check.id


@demands
def test_a_demanded_check_that_is_missing_is_trouble_and_any_other_changes_nothing(demands):
    for check in every_check(demands.policy):
        judgement = with_one(demands.policy, of=check)
        if check.id in demands.demanded:
            why = f"the check {check.id} has no answer"
            assert judgement == Judgement(demands.policy.id, Verdict.TROUBLE, None, (check.id,), why)
        else:
            assert judgement.verdict is Verdict.PASS, check.id


@demands
def test_a_warning_changes_nothing(demands):
    for check in every_check(demands.policy):
        judgement = with_one(demands.policy, check.warned("odd", "Look at it."), of=check)
        assert judgement.verdict is Verdict.PASS, check.id


@demands
def test_a_skip_waives_no_answer(demands):
    for check in every_check(demands.policy):
        judgement = with_one(demands.policy, check.skipped("Nobody could tell."), of=check)
        if check.id in demands.demanded - demands.waivable:
            why = f"the check {check.id} has no answer: Nobody could tell."
            assert judgement == Judgement(demands.policy.id, Verdict.TROUBLE, None, (check.id,), why)
        else:
            assert judgement.verdict is Verdict.PASS, check.id


@demands
def test_a_demanded_check_that_is_decided_twice_is_trouble(demands):
    for check in every_check(demands.policy):
        twice = [check.passed("seen", "because")] * 2
        judgement = with_one(demands.policy, *twice, of=check)
        if check.id in demands.demanded:
            assert (judgement.verdict, judgement.missing) == (Verdict.TROUBLE, (check.id,))
        else:
            assert judgement.verdict is Verdict.PASS, check.id


@pytest.mark.parametrize("policy", [STRICT_1, STRICT_2, STRICT_3], ids=lambda policy: policy.id)
@pytest.mark.parametrize("asked", ["chips", "provenance"])
def test_a_policy_of_before_is_not_asked_what_it_does_not_know(policy, asked):
    """Else a failure could be hidden behind the number of an older policy."""
    with pytest.raises(ParameterError, match="knows nothing of chips_source and provenance_source"):
        policy.asking(recovery_image=False, attestation=False, **{asked: True})


def test_an_older_policy_is_not_changed_by_what_is_asked():
    assert STRICT_1.asking(recovery_image=True, attestation=True) == STRICT_1
    assert OVERLAP.asking(recovery_image=True, attestation=True) == OVERLAP


@pytest.mark.parametrize("policy", [STRICT_1, STRICT_2, OVERLAP], ids=lambda policy: policy.id)
def test_no_election_passes_by_a_policy_that_does_not_know_elections(policy):
    """Whatever its decisions are: it has none of 14 to 17 and 25 to 28, and its own are demanded by nobody."""
    asked = policy.asking(recovery_image=False, attestation=False, subject="election")
    made = [check.passed("seen", "because") for check in checks.ELECTION_AUDIT_CHECKS]
    assert judge(made, asked).verdict is Verdict.TROUBLE


@pytest.mark.parametrize("check", ELECTED.split())
def test_without_an_answer_about_the_election_there_is_no_pass_since_version_3(check):
    (of,) = [one for one in checks.ELECTED_CHECKS if one.id == check]
    newest, before = (policy.asking(recovery_image=False, attestation=False) for policy in (STRICT, STRICT_2))
    assert with_one(newest, of.skipped("Nobody was asked."), of=of).verdict is Verdict.TROUBLE
    assert with_one(before, of.skipped("Nobody was asked."), of=of).verdict is Verdict.PASS
    assert with_one(before, of.failed("no", "It is not."), of=of).verdict is Verdict.PASS


PROMISES = {
    "recovery": "The NNS elected the base release, every blessed measurement is one of it, and every label, chip id "
    "and hash is well formed.",
    "election": "The image has the digest that the proposal gives, and the proposal's measurements are those of the "
    "image, all of them and no others.",
}


@pytest.mark.parametrize("subject", PROMISES)
def test_a_pass_says_what_was_asked(subject):
    asked = STRICT.asking(recovery_image=False, attestation=False, subject=subject)
    assert asked.promise == PROMISES[subject]


def test_a_pass_of_before_does_not_speak_of_elections():
    before = "Every blessed measurement is one of the base release, and every label, chip id and hash is well formed."
    assert [policy.promise for policy in (STRICT_1, STRICT_2)] == [before, before]


def test_the_policies_by_name_and_by_version():
    assert POLICIES == {"strict": STRICT, "overlap": OVERLAP}
    found = [policy_version(name) for name in ("strict/4", "strict/3", "strict/2", "strict/1", "overlap/1")]
    assert found == [STRICT, STRICT_3, STRICT_2, STRICT_1, OVERLAP]


@pytest.mark.parametrize("identifier", ["strict/9", "strict", "lenient/1", ""])
def test_a_policy_of_another_version_is_named(identifier):
    with pytest.raises(ParameterError, match="does not know the policy") as caught:
        policy_version(identifier + "x" * 50)
    assert repr((identifier + "x" * 50)[:40]) in caught.value.what
