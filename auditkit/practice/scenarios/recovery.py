"""Scenarios about the proposal of a recovery: who signed it, what became of it, what it blesses."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.ic import ProposalStatus
from auditkit.practice.scenarios.scenario import UNPUBLISHED_COMMIT, Blessing, Scenario, Subnet

RECOVERIES: Final = (
    Scenario(
        "honest",
        "Everything is as it should be",
        "Node providers cannot start their nodes any more, and the NNS adopted a recovery image for two "
        "machines. All six measurements that it blesses are those of the base release.",
        900001,
        "PASS",
        "PASS",
        checks.OVERLAP_EXPLAINED.id,
    ),
    Scenario(
        "unexplained",
        "One blessed measurement that nobody can explain",
        "Six of the seven blessed measurements are those of the base release. The seventh belongs to no "
        "setting of it: a machine that starts something else entirely could use the proposal, and dfinity's "
        "own gate, which asks for one match, does not see it.",
        900002,
        "FAIL",
        "PASS",
        checks.OVERLAP_EXPLAINED.id,
        blessing=Blessing.BASE_AND_ONE,
    ),
    Scenario(
        "no-overlap",
        "No blessed measurement is one of the base release",
        "The proposal blesses six measurements, and none of them comes from the base release or from any "
        "other that is known here. Nobody can say what the NNS was asked to bless.",
        900003,
        "FAIL",
        "FAIL",
        checks.OVERLAP_ANY.id,
        blessing=Blessing.FOREIGN,
    ),
    Scenario(
        "labels-swapped",
        "The labels stand beside the wrong measurements",
        "The measurements are those of the base release, but the kernel command lines beside them are "
        "exchanged: what is said to be boot slot A is boot slot B. The bytes are right and their "
        "description is wrong.",
        900004,
        "FAIL",
        "PASS",
        checks.OVERLAP_LABELS.id,
        blessing=Blessing.SWAPPED_LABELS,
    ),
    Scenario(
        "still-open",
        "The vote has not ended",
        "The proposal is right in every other respect, but voting is still open. A recovery image must not "
        "be built from a proposal that may yet be rejected.",
        900005,
        "FAIL",
        "FAIL",
        checks.PROPOSAL_STAGE.id,
        status=ProposalStatus.OPEN,
    ),
    Scenario(
        "vote-open",
        "A voter looks at an open proposal",
        "Voting is open and a voter wants to know whether to vote for the proposal. At the stage of the "
        "vote an open proposal is what one expects, and its measurements are those of the base release.",
        900006,
        "PASS",
        "PASS",
        checks.PROPOSAL_STAGE.id,
        stage="vote",
        status=ProposalStatus.OPEN,
    ),
    Scenario(
        "not-adopted",
        "The proposal was rejected",
        "The NNS voted and said no. Somebody wants to build the recovery image all the same.",
        900007,
        "FAIL",
        "FAIL",
        checks.PROPOSAL_STAGE.id,
        status=ProposalStatus.REJECTED,
    ),
    Scenario(
        "other-action",
        "The proposal does something else",
        "The number belongs to a motion about recovery. It was adopted, but it blesses nothing.",
        900008,
        "FAIL",
        "FAIL",
        checks.PROPOSAL_STAGE.id,
        blessing=Blessing.NONE,
    ),
    Scenario(
        "tampered-certificate",
        "Somebody changed the answer on its way",
        "The NNS signed an honest answer, but one byte of a blessed measurement was changed between the NNS "
        "and the auditor. The signature no longer matches.",
        900009,
        "FAIL",
        "FAIL",
        checks.CERTIFICATE_SIGNATURE.id,
        tampered=True,
    ),
    Scenario(
        "wrong-base",
        "The measurements belong to another release",
        "The proposal blesses the measurements of another published release than the one that the audit was "
        "told is its base. Perhaps a version was mixed up; the recovery image would not start from this "
        "base.",
        900010,
        "FAIL",
        "FAIL",
        checks.OVERLAP_ANY.id,
        blessing=Blessing.OTHER_RELEASE,
    ),
    Scenario(
        "base-16-vcpus",
        "The measurements are for 16 vCPUs",
        "The blessed measurements come from the base release, but from a machine with 16 vCPUs. Production "
        "machines have 64, so no production machine could be recovered; auditkit finds the setting that "
        "explains them.",
        900011,
        "FAIL",
        "FAIL",
        checks.OVERLAP_ANY.id,
        blessing=Blessing.SIXTEEN_VCPUS,
    ),
    Scenario(
        "delegated",
        "Another subnet answers, in the NNS's name",
        "The governance canister of this practice world lives on a subnet to which the NNS has delegated "
        "its canister ranges, in shards. Everything else is honest.",
        900012,
        "PASS",
        "PASS",
        checks.DELEGATION_RANGES.id,
        subnet=Subnet.SHARDED,
    ),
    Scenario(
        "delegated-flat",
        "Another subnet answers, by the older form of delegation",
        "As in the scenario delegated, but the canister ranges stand in one list, as the older interface gives them.",
        900013,
        "PASS",
        "PASS",
        checks.DELEGATION_RANGES.id,
        subnet=Subnet.FLAT,
    ),
    Scenario(
        "foreign-subnet",
        "A subnet answers that has no say",
        "The reply is properly signed by a subnet that the NNS knows, but the NNS never let that subnet "
        "speak for the governance canister.",
        900014,
        "FAIL",
        "FAIL",
        checks.DELEGATION_RANGES.id,
        subnet=Subnet.FOREIGN,
    ),
    Scenario(
        "no-such-proposal",
        "There is no such proposal",
        "The NNS answers and signs that it knows no proposal with this number.",
        900015,
        "FAIL",
        "FAIL",
        checks.PROPOSAL_REPLY.id,
        status=None,
    ),
    Scenario(
        "short-chip-id",
        "A chip id is too short",
        "The measurements are right, but the chip ids have 63 bytes instead of 64. They name no real chip.",
        900016,
        "FAIL",
        "PASS",
        checks.PROPOSAL_CHIP_IDS.id,
        chip_id_bytes=63,
    ),
    Scenario(
        "unlabelled",
        "The measurements carry no labels",
        "The proposal blesses the measurements of the base release and says nothing about which setting "
        "each is for. Nothing contradicts the computed settings, so this is worth a warning and not a "
        "failure.",
        900017,
        "PASS",
        "PASS",
        checks.OVERLAP_LABELS.id,
        blessing=Blessing.UNLABELLED,
    ),
    Scenario(
        "partly-blessed",
        "Only one type of CPU can be recovered",
        "The proposal blesses two of the six measurements of the base release. Machines with other CPUs "
        "cannot be recovered with it, which is worth a warning; nothing unsafe is blessed.",
        900018,
        "PASS",
        "PASS",
        checks.OVERLAP_COVERAGE.id,
        blessing=Blessing.TWO_OF_SIX,
    ),
    Scenario(
        "older-interface",
        "An answer from before CPU types were recorded",
        "Governance answers as it did in early 2026: without CPU types beside the measurements. The command "
        "lines are there and right.",
        900019,
        "PASS",
        "PASS",
        checks.OVERLAP_LABELS.id,
        older_interface=True,
    ),
    Scenario(
        "missing-release",
        "The base release cannot be downloaded",
        "The proposal is honest, but the release server has no release of the version that the audit was "
        "told. Nothing can be compared, so nobody can say whether the proposal is right.",
        900020,
        "TROUBLE",
        "TROUBLE",
        None,
        base_version=UNPUBLISHED_COMMIT,
    ),
)
