"""The scenarios of the practice network: what was proposed, what happened to it, and what an audit must say.

All of them live in one practice NNS, each under its own proposal number. The expected verdicts are written
down here by hand; they are the test of the audit and not its output.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from auditkit import checks
from auditkit.errors import ParameterError
from auditkit.ic import ProposalStatus
from auditkit.practice.attested import Attested
from auditkit.practice.recovered import Recovered
from auditkit.practice.release.published import release_commit

ExpectedVerdict = Literal["PASS", "FAIL", "TROUBLE"]

BASE_COMMIT: Final = release_commit("base")
OTHER_COMMIT: Final = release_commit("other")
_UNPUBLISHED_COMMIT: Final = release_commit("never published")


class Blessing(StrEnum):
    """Which measurements a proposal blesses."""

    BASE = "those of the base release"
    BASE_AND_ONE = "those of the base release, and one that nobody can explain"
    FOREIGN = "six that nobody can explain"
    SWAPPED_LABELS = "those of the base release, with the command lines of A and B exchanged"
    UNLABELLED = "those of the base release, without labels"
    TWO_OF_SIX = "two of the six of the base release"
    OTHER_RELEASE = "those of another release"
    SIXTEEN_VCPUS = "those of the base release with 16 instead of 64 vCPUs"
    NONE = "none: the proposal is a motion"


class Subnet(StrEnum):
    """Who signs the reply."""

    NNS = "the NNS itself, without a delegation, as on the mainnet"
    SHARDED = "a subnet with a delegation, its canister ranges in shards"
    FLAT = "a subnet with a delegation, its canister ranges in one list"
    FOREIGN = "a subnet whose delegation does not cover the governance canister"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One practice case.

    Attributes:
        name: what users type.
        title: a few words.
        story: two or three sentences for a governance voter.
        proposal_id: its number in the practice NNS.
        strict: the verdict under the policy ``strict``.
        overlap: the verdict under the policy ``overlap``.
        deciding_check: id of the check that decides the strict verdict: the first that fails, or for a PASS
            the one the scenario is about; None when trouble comes before any check.
        base_version: the base release that the audit is asked to compare with, 40 hex digits.
        stage: ``vote`` or ``recover``.
        policy: ``strict`` or ``overlap``.
        status: where the proposal is in its life; None when there is no such proposal.
        blessing: which measurements it blesses.
        subnet: who signs the reply.
        chip_id_bytes: length of its chip ids; 64 is right.
        tampered: whether somebody changes the reply on its way.
        older_interface: whether governance answers in its older form, without CPU types.
        recovered: what the published recovery image is; None when none is published.
        attested: what the report of the recovered node is; None when there is none.
    """

    name: str
    title: str
    story: str
    proposal_id: int
    strict: ExpectedVerdict
    overlap: ExpectedVerdict
    deciding_check: str | None
    base_version: str = BASE_COMMIT
    stage: Literal["vote", "recover"] = "recover"
    policy: Literal["strict", "overlap"] = "strict"
    status: ProposalStatus | None = ProposalStatus.EXECUTED
    blessing: Blessing = Blessing.BASE
    subnet: Subnet = Subnet.NNS
    chip_id_bytes: int = 64
    tampered: bool = False
    older_interface: bool = False
    recovered: Recovered | None = None
    attested: Attested | None = None

    @property
    def expected_verdict(self) -> ExpectedVerdict:
        """The verdict under the scenario's own policy."""
        return self.strict if self.policy == "strict" else self.overlap


_SCENARIOS: Final = (
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
        base_version=_UNPUBLISHED_COMMIT,
    ),
    Scenario(
        "recovery-honest",
        "The published recovery image is what was blessed",
        "Somebody published the recovery image, and an auditor takes it apart: it boots the base release, the "
        "proposal lies inside, and its root file system is the one that the NNS blessed.",
        900021,
        "PASS",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.HONEST,
    ),
    Scenario(
        "recovery-wrong-root",
        "The recovery image runs another system",
        "The boot files are right and the proposal lies inside, but the root file system is not the one that "
        "the NNS blessed. No node would open it.",
        900022,
        "FAIL",
        "PASS",
        checks.RECOVERY_ROOT_HASH.id,
        recovered=Recovered.WRONG_ROOT,
    ),
    Scenario(
        "recovery-extra-file",
        "The recovery image holds one file too many",
        "Beside the base's boot files and the proposal, somebody left a file with a login key. It is not "
        "measured, so no measurement shows it; comparing file by file does.",
        900023,
        "FAIL",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.EXTRA_FILE,
    ),
    Scenario(
        "recovery-changed-kernel",
        "The recovery image boots another kernel",
        "The proposal is honest and lies inside the image, but one byte of the kernel was changed. The image "
        "would measure to something that nobody blessed.",
        900024,
        "FAIL",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.CHANGED_KERNEL,
    ),
    Scenario(
        "recovery-other-proposal",
        "Another proposal lies inside the recovery image",
        "The boot files and the root are right, but the certificate inside the image is that of another "
        "proposal. The node would follow that one and not the one that was audited.",
        900025,
        "FAIL",
        "PASS",
        checks.RECOVERY_PROPOSAL.id,
        recovered=Recovered.OTHER_PROPOSAL,
    ),
    Scenario(
        "recovery-edited-boot-args",
        "The command lines of the recovery image were edited",
        "Somebody switched off the guest's access control on the kernel command line. Command lines are "
        "measured, and the comparison shows the edited line.",
        900026,
        "FAIL",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.EDITED_BOOT_ARGS,
    ),
    Scenario(
        "node-honest",
        "The recovered node proves what it runs",
        "A node was recovered, and its operator sends an attestation report. AMD's practice stand-in vouches "
        "for the chip, the proposal names it, and it runs a blessed guest.",
        900027,
        "PASS",
        "PASS",
        checks.ATTESTATION_MEASUREMENT.id,
        attested=Attested.HONEST,
    ),
    Scenario(
        "node-not-listed",
        "The node is not one of those in the proposal",
        "The report is genuine and the guest is blessed, but the proposal does not name this chip.",
        900028,
        "FAIL",
        "PASS",
        checks.ATTESTATION_CHIP.id,
        attested=Attested.CHIP_NOT_LISTED,
    ),
    Scenario(
        "node-debug",
        "The host may look into the guest",
        "Chip and guest are right, but the guest was started with a policy that lets its host read and "
        "change its memory.",
        900029,
        "FAIL",
        "PASS",
        checks.ATTESTATION_POLICY.id,
        attested=Attested.DEBUG_POLICY,
    ),
    Scenario(
        "node-other-signer",
        "The report is signed by another chip",
        "The report speaks in the name of a chip of the proposal, and a different chip signed it.",
        900030,
        "FAIL",
        "PASS",
        checks.ATTESTATION_SIGNATURE.id,
        attested=Attested.OTHER_SIGNER,
    ),
    Scenario(
        "node-other-guest",
        "The node runs something else",
        "The report is genuine and the chip is one of the proposal, but the guest that it runs is not blessed.",
        900031,
        "FAIL",
        "PASS",
        checks.ATTESTATION_MEASUREMENT.id,
        attested=Attested.OTHER_GUEST,
    ),
    Scenario(
        "node-expired-chain",
        "The chip's certificate has expired",
        "The certificate of the chip's key ended years ago; nobody vouches for the key any more.",
        900032,
        "FAIL",
        "PASS",
        checks.ATTESTATION_CHAIN.id,
        attested=Attested.EXPIRED_CHAIN,
    ),
    Scenario(
        "node-foreign-chain",
        "The chain leads to somebody else's root",
        "The certificates have the right names and lead to a root key that somebody else made under them.",
        900033,
        "FAIL",
        "PASS",
        checks.ATTESTATION_CHAIN.id,
        attested=Attested.FOREIGN_CHAIN,
    ),
)
_BY_NAME: Final = {scenario.name: scenario for scenario in _SCENARIOS}
_BY_PROPOSAL: Final = {scenario.proposal_id: scenario for scenario in _SCENARIOS}


def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, in the order in which they are best read."""
    return _SCENARIOS


def scenario(name: str) -> Scenario:
    """The scenario called ``name``.

    Raises:
        ParameterError: there is none; the hint names the nearest.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        raise ParameterError(
            f"there is no practice scenario called {name[:80]!r}",
            hint=f"did you mean {near[0]}?" if near else "`auditkit practice list` names them",
        ) from None


def scenario_of_proposal(proposal_id: int) -> Scenario | None:
    """The scenario that a proposal number belongs to, or None."""
    return _BY_PROPOSAL.get(proposal_id)
