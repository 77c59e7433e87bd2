"""Whose chips are trusted."""

from __future__ import annotations

from auditkit import practice
from auditkit.practice.attestation import practice_root
from auditkit.sev.attestation import RootKey, amd_roots


def trusted_roots(root_key: bytes) -> tuple[RootKey, ...]:
    """The roots that an attestation may lead to: AMD's, and under the root key of the practice NNS its own.

    Args:
        root_key: the key that the proposal has to be signed under, 133 bytes of DER.
    """
    return amd_roots() if root_key != practice.ROOT_KEY else (*amd_roots(), practice_root())
