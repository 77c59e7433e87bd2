"""The policies of the commands that check a part of the chain. What was asked about needs an answer in each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditkit import checks
from auditkit.audit.verdict.policy import Policy
from auditkit.decision import Check

_DELEGATION: Final = (
    checks.DELEGATION_DEPTH,
    checks.DELEGATION_SIGNATURE,
    checks.DELEGATION_RANGES,
    checks.DELEGATION_SUBNET_KEY,
)
_KEY: Final = (checks.SETTINGS_ROOT_KEY,)
# What a skip may waive: nobody delegates where the NNS itself signed.
_WAIVED: Final = frozenset(check.id for check in _DELEGATION)


def _policy(name: str, promise: str, members: Iterable[Check], waived: frozenset[str]) -> Policy:
    demanded = tuple(members)
    return Policy(name, 1, promise, demanded, frozenset(check.id for check in demanded) - waived)


def certificate_policy(*, delegated: bool) -> Policy:
    """For `auditkit verify-certificate`.

    Args:
        delegated: whether a subnet signed in the name of the NNS: then it has to be told for which canister, or
            which subnet, it may speak.
    """
    return _policy(
        "verify-certificate",
        "The certificate is whole, and the root key vouches for whoever signed it.",
        (*checks.CERTIFICATE_CHECKS, *_KEY),
        frozenset() if delegated else _WAIVED,
    )


PROPOSAL_POLICY: Final = _policy(
    "verify-proposal",
    "The governance canister answered this, and the proposal fits the stage.",
    (*checks.PROPOSAL_CHECKS, *_KEY),
    _WAIVED,
)

AUTHENTIC_POLICY: Final = _policy(
    "authentic-proposal",
    "The governance canister answered this, whatever became of the proposal.",
    (*(check for check in checks.PROPOSAL_CHECKS if check is not checks.PROPOSAL_STAGE), *_KEY),
    _WAIVED,
)

REGISTRY_POLICY: Final = _policy(
    "verify-registry",
    "The registry canister answered this: it holds the record.",
    (*checks.REGISTRY_CHECKS, *_KEY),
    _WAIVED,
)

FILES_OVERLAP_POLICY: Final = _policy(
    "overlap-of-files",
    "Every blessed measurement is in the list, and every label, chip id and hash is well formed.",
    (
        *checks.PROPOSAL_CHECKS,
        *checks.CONTENT_CHECKS,
        *checks.OVERLAP_CHECKS,
        *_KEY,
        checks.SETTINGS_MATRIX,
    ),
    _WAIVED,
)

ATTESTATION_POLICY: Final = _policy(
    "verify-attestation",
    "A chip that the proposal names runs a guest that the proposal blesses.",
    (*checks.PROPOSAL_CHECKS, *checks.ATTESTATION_CHECKS, *_KEY),
    _WAIVED,
)

PROVENANCE_POLICY: Final = _policy(
    "verify-provenance",
    "dfinity's release workflow built this SHA256SUMS from this commit, and GitHub signed that.",
    (*(check for check in checks.PROVENANCE_CHECKS if check is not checks.PROVENANCE_IMAGE), *_KEY),
    frozenset(),
)


def compare_images_policy(*, proposal: bool) -> Policy:
    """For `auditkit compare-images`.

    Args:
        proposal: whether a certified proposal was given beside the images.
    """
    return _policy(
        "compare-images",
        "The recovery image is the base's boot tree with the proposal, and a root file system that it blesses.",
        (*(checks.PROPOSAL_CHECKS if proposal else ()), *checks.RECOVERY_CHECKS, *_KEY),
        _WAIVED,
    )


VERITY_POLICY: Final = _policy(
    "verity-hash",
    "The root file system has a dm-verity tree as dfinity's build makes it.",
    (checks.ROOT_VERITY,),
    frozenset(),
)
