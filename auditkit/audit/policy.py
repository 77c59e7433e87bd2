"""Which checks a policy demands. The checks always all run; a policy only says which of them decide the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.decision import Check
from auditkit.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule for the verdict.

    Attributes:
        name: ``strict`` or ``overlap``.
        promise: what a PASS under this policy says, in one sentence for a voter.
        demanded: ids of the checks that must be there and must not have failed.
        answered: ids among them that cannot be waived: a skip counts as missing.
    """

    name: str
    promise: str
    demanded: frozenset[str]
    answered: frozenset[str]


def _ids(*members: Check) -> frozenset[str]:
    return frozenset(check.id for check in members)


_ALWAYS_ANSWERED: Final = _ids(
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

OVERLAP: Final = Policy(
    name="overlap",
    promise="At least one blessed measurement is one of the base release. This is all that dfinity's build demands.",
    demanded=_ids(*checks.PROPOSAL_CHECKS, checks.BASE_DIGEST, checks.OVERLAP_ANY),
    answered=_ALWAYS_ANSWERED,
)

STRICT: Final = Policy(
    name="strict",
    promise="Every blessed measurement is one of the base release, and every label, chip id and hash is well formed.",
    demanded=_ids(*checks.ALL_CHECKS),
    answered=_ALWAYS_ANSWERED
    | _ids(*checks.CONTENT_CHECKS, checks.BASE_BOOT_ARGS, checks.OVERLAP_EXPLAINED, checks.OVERLAP_LABELS),
)

POLICIES: Final = {policy.name: policy for policy in (STRICT, OVERLAP)}


def policy_named(name: str) -> Policy:
    """The policy called ``name``.

    Raises:
        ParameterError: there is no such policy.
    """
    try:
        return POLICIES[name]
    except KeyError:
        raise ParameterError(
            "there is no such policy", where="policy", expected=" or ".join(POLICIES), observed=repr(name)
        ) from None
