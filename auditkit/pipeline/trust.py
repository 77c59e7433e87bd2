"""Whose world an audit is about: mainnet, the practice network, or that of whoever holds another root key."""

from __future__ import annotations

from auditkit import practice
from auditkit.audit import decide_root_key
from auditkit.decision import Decision, Qualification
from auditkit.ic import MAINNET_ROOT_KEY


def world(root_key: bytes) -> Qualification | None:
    """The qualification that believing ``root_key`` (133 bytes of DER) brings; None for mainnet's."""
    if root_key == MAINNET_ROOT_KEY:
        return None
    if root_key == practice.ROOT_KEY:
        return Qualification.PRACTICE_NETWORK
    return Qualification.OTHER_ROOT_KEY


def believed(root_key: bytes) -> Decision:
    """Check 43 about ``root_key`` (133 bytes of DER)."""
    return decide_root_key(world(root_key))
