"""What a recovery image is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.guestos import TreeSnapshot
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.sev import LaunchMeasurement


@dataclass(frozen=True, slots=True)
class Reference:
    """What a recovery image is compared with.

    Attributes:
        tree: the boot tree of the base release.
        computed: the launch measurements of the base release.
        base_version: 40 hex digits; None when nobody said it.
        bless: what the authentic proposal blesses; None when no proposal was given.
        proposal_id: its number.
        certificate: the proposal's certificate.
        root_key: the key that the proposal inside the image has to be signed under.
    """

    tree: TreeSnapshot
    computed: tuple[LaunchMeasurement, ...]
    base_version: str | None
    bless: BlessAlternativeGuestOsVersion | None
    proposal_id: int | None
    certificate: bytes | None
    root_key: bytes
