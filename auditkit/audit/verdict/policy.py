"""Which checks a policy demands. The checks always all run; a policy only says which of them decide the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from auditkit import checks
from auditkit.decision import Check, Decision, Outcome
from auditkit.errors import ParameterError

Subject: TypeAlias = Literal["recovery", "election"]

_ELECTIONS_SINCE: Final = 3
_MACHINES_SINCE: Final = 4


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule for the verdict.

    Attributes:
        name: ``strict`` or ``overlap`` for an audit, else the command that judges by it.
        version: grows whenever the rule changes, so that an older report is judged by the rule that it names.
        promise: what a PASS under this policy says, in one sentence for a voter.
        checks: those that must be there and must not have failed, in their order.
        answered: ids among them that cannot be waived: a skip counts as missing.
    """

    name: str
    version: int
    promise: str
    checks: tuple[Check, ...]
    answered: frozenset[str]

    @property
    def id(self) -> str:
        """Name and version, such as ``strict/2``."""
        return f"{self.name}/{self.version}"

    @property
    def demanded(self) -> frozenset[str]:
        """The ids of `checks`."""
        return _ids(self.checks)

    def asking(
        self,
        *,
        recovery_image: bool,
        attestation: bool,
        subject: Subject = "recovery",
        executed: bool = False,
        chips: bool = False,
        provenance: bool = False,
        attested: bool = False,
    ) -> Policy:
        """The policy for what an audit was asked about.

        What was asked about needs an answer: a skip of such a check is no waiver. (Version 1 of the policies let
        such a skip pass, and reports that name it are judged as it was.) No version before 3 knows elections: by such
        a one nothing but a recovery can pass.

        Args:
            recovery_image, attestation: whether one was given.
            subject: which kind of proposal is audited; it has checks of its own since version 3.
            executed: whether the proposal has to be executed, so that the registry can be asked what became of it.
            chips: whether somebody was asked whose chips a recovery names.
            provenance: whether somebody was asked who built the release.
            attested: whether there is an attestation of that, so that it has to be a right one.

        Raises:
            ParameterError: it was asked whose the chips are, or who built the release, and this version knows neither.
        """
        if self.name == "strict" and self.version < _MACHINES_SINCE and (chips or provenance):
            raise ParameterError(
                f"the policy {self.id} knows nothing of chips_source and provenance_source, which the parameters name",
                hint="nothing of before version 4 asked them: audit again",
            )
        if self.version < 2 or (self.version < _ELECTIONS_SINCE and subject == "election"):
            return self
        more: set[str] = set()
        if recovery_image:
            more |= _ids(checks.RECOVERY_CHECKS)
        if attestation:
            more |= _ids(checks.ATTESTATION_CHECKS)
        if chips:
            more |= _ids((checks.CHIPS_KNOWN, checks.CHIPS_SUBNET))
        if chips and attestation:
            more.add(checks.CHIPS_ATTESTED.id)
        if provenance:
            more |= _ids(checks.PROVENANCE_CHECKS if attested else (checks.PROVENANCE_ATTESTED,))
        if executed and subject == "election":
            more.add(checks.ELECTION_RECORD.id)
        asked = _ids(checks.ELECTION_AUDIT_CHECKS if subject == "election" else checks.RECOVERY_AUDIT_CHECKS)
        promise = _ELECTION_PROMISE if subject == "election" else self.promise
        mine = tuple(check for check in self.checks if check.id in asked)
        return replace(self, promise=promise, checks=mine, answered=(self.answered | more) & _ids(mine))


def is_attested(decisions: Iterable[Decision]) -> bool:
    """Whether there is an attestation of who built the release, right or not."""
    wanted = checks.PROVENANCE_ATTESTED.id
    return any(made.id == wanted and made.outcome is Outcome.PASS for made in decisions)


def _ids(members: Iterable[Check]) -> frozenset[str]:
    return frozenset(check.id for check in members)


_OF_VERSION_2: Final = tuple(check for check in checks.RECOVERY_AUDIT_CHECKS if check.number <= 45)
_OF_VERSION_1: Final = tuple(check for check in _OF_VERSION_2 if check.number <= 41)
_PROVEN: Final = _ids(
    (
        checks.CERTIFICATE_FORM,
        checks.CERTIFICATE_NODES,
        checks.CERTIFICATE_TREE,
        checks.CERTIFICATE_ROOT_HASH,
        checks.CERTIFICATE_SIGNATURE,
        checks.CERTIFICATE_KEYS,
        checks.CERTIFICATE_TIME,
        checks.REPLY_REQUEST,
        checks.PROPOSAL_REPLY,
        checks.PROPOSAL_STAGE,
        checks.OVERLAP_ANY,
    )
)
_PROMISE: Final = (
    "Every blessed measurement is one of the base release, and every label, chip id and hash is well formed."
)
_ELECTED_PROMISE: Final = (
    "The NNS elected the base release, every blessed measurement is one of it, and every label, chip id and hash is "
    "well formed."
)
_ELECTION_PROMISE: Final = (
    "The image has the digest that the proposal gives, and the proposal's measurements are those of the image, all of "
    "them and no others."
)

OVERLAP: Final = Policy(
    name="overlap",
    version=1,
    promise="At least one blessed measurement is one of the base release. This is all that dfinity's build demands.",
    checks=(*checks.PROPOSAL_CHECKS, checks.BASE_DIGEST, checks.OVERLAP_ANY),
    answered=_PROVEN,
)

STRICT_1: Final = Policy(
    name="strict",
    version=1,
    promise=_PROMISE,
    checks=_OF_VERSION_1,
    answered=_PROVEN
    | _ids((*checks.CONTENT_CHECKS, checks.BASE_BOOT_ARGS, checks.OVERLAP_EXPLAINED, checks.OVERLAP_LABELS)),
)

# What may be skipped: the delegation where the NNS itself signed, a list that no release has to publish, and what was
# not asked about.
_ANSWERED_SINCE_2: Final = _PROVEN | _ids(
    (
        *checks.CONTENT_CHECKS,
        *checks.BASE_CHECKS,
        checks.MEASUREMENT_SECOND_OPINION,
        *checks.OVERLAP_CHECKS,
        checks.SETTINGS_ROOT_KEY,
        checks.SETTINGS_POLICY,
        checks.SETTINGS_MATRIX,
    )
)

STRICT_2: Final = Policy(
    name="strict",
    version=2,
    promise=_PROMISE,
    checks=_OF_VERSION_2,
    answered=_ANSWERED_SINCE_2,
)

_ANSWERED_SINCE_3: Final = _ANSWERED_SINCE_2 | _ids(
    (
        *checks.ELECTED_CHECKS,
        checks.SETTINGS_DEPTH,
        checks.ELECTION_STAGE,
        *checks.ELECTION_CONTENT_CHECKS,
        checks.ELECTION_IMAGE,
        *checks.ELECTION_OVERLAP_CHECKS,
    )
)

STRICT_3: Final = Policy(
    name="strict",
    version=3,
    promise=_ELECTED_PROMISE,
    checks=tuple(check for check in checks.ALL_CHECKS if check.number <= 63),
    answered=_ANSWERED_SINCE_3,
)

STRICT: Final = Policy(
    name="strict",
    version=4,
    promise=_ELECTED_PROMISE,
    # what is new in a root file system is told, and decides nothing
    checks=tuple(check for check in checks.ALL_CHECKS if check is not checks.ROOT_CHANGES),
    answered=_ANSWERED_SINCE_3,
)

POLICIES: Final = {policy.name: policy for policy in (STRICT, OVERLAP)}
"""The policies of an audit that is made now, by their names."""

_ALL_VERSIONS: Final = {policy.id: policy for policy in (STRICT_1, STRICT_2, STRICT_3, STRICT, OVERLAP)}


def policy_version(identifier: str) -> Policy:
    """The policy with this name and version, such as ``strict/1``: the one that a report names.

    Raises:
        ParameterError: this auditkit does not know it.
    """
    try:
        return _ALL_VERSIONS[identifier]
    except KeyError:
        raise ParameterError(
            f"this auditkit does not know the policy {identifier[:40]!r}",
            hint="use the version of auditkit that made the report, or a newer one",
        ) from None
