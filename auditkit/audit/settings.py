"""What the parameters chose: whose key is believed, which policy decides, what is measured (checks 43 to 45 and 54)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.decision import Decision, Qualification
from auditkit.guestos import RELEASE_BOOT_ARGS
from auditkit.sev import RELEASE_CPU_TYPES, RELEASE_GUEST_FEATURES, RELEASE_VCPUS

TEE_OPTION: Final = "dfinity.tee=1"
"""What a GuestOS must find on its command line to start as a SEV guest (dfinity/ic ic-os/bootloader/guestos)."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The settings that a base release is measured in.

    Attributes:
        vcpus, vcpu_types: numbers of virtual CPUs and CPU types.
        boot_args: names of lines of ``boot_args``.
        guest_features: SEV guest features, as a number.
    """

    vcpus: tuple[int, ...]
    vcpu_types: tuple[str, ...]
    boot_args: tuple[str, ...]
    guest_features: int

    @property
    def changes(self) -> tuple[str, ...]:
        """Where this is not the release matrix, such as ``vcpus 1``; the order within a list changes nothing."""
        pairs: tuple[tuple[str, Sequence[object], Sequence[object]], ...] = (
            ("vcpus", self.vcpus, RELEASE_MATRIX.vcpus),
            ("vcpu_types", self.vcpu_types, RELEASE_MATRIX.vcpu_types),
            ("boot_args", self.boot_args, RELEASE_MATRIX.boot_args),
            ("guest_features", (self.guest_features,), (RELEASE_MATRIX.guest_features,)),
        )
        return tuple(
            f"{name} {', '.join(sorted(map(str, ours)))}"
            for name, ours, released in pairs
            if set(ours) != set(released)
        )


RELEASE_MATRIX: Final = Matrix(RELEASE_VCPUS, RELEASE_CPU_TYPES, RELEASE_BOOT_ARGS, RELEASE_GUEST_FEATURES)
"""What dfinity's build measures of a release, and what nodes are started with."""


def decide_root_key(world: Qualification | None) -> Decision:
    """Check 43.

    Args:
        world: None for mainnet, else the qualification that the believed key brings.
    """
    check = checks.SETTINGS_ROOT_KEY
    if world is None:
        return check.passed("mainnet", "All trust comes from the built-in key.")
    if world is Qualification.PRACTICE_NETWORK:
        return check.warned(
            "the practice network's",
            "This is the practice network: nothing here is about mainnet.",
            qualifications=(world,),
        )
    return check.warned(
        "another key",
        "The parameters name a root key other than mainnet's: whoever holds that key can certify anything.",
        qualifications=(Qualification.OTHER_ROOT_KEY,),
    )


def decide_policy(name: str) -> Decision:
    """Check 44."""
    check = checks.SETTINGS_POLICY
    if name == "strict":
        return check.passed(name, "Every check decides.")
    return check.warned(
        name,
        "One equal measurement is enough for this policy: the other blessed measurements may be anything.",
        qualifications=(Qualification.POLICY_OVERLAP,),
    )


def decide_list() -> Decision:
    """Check 45 where the measurements are those of a list, which nobody computed here."""
    return checks.SETTINGS_MATRIX.warned(
        "a list of measurements",
        "The list is taken at its word: which image and which settings it is for was not checked.",
        qualifications=(Qualification.IMAGE_NOT_READ,),
    )


def decide_matrix(matrix: Matrix, command_lines: Sequence[tuple[str, str]]) -> Decision:
    """Check 45.

    Args:
        matrix: the settings of the audit.
        command_lines: name and text of each measured line of ``boot_args``; empty when nothing was measured.
    """
    check = checks.SETTINGS_MATRIX
    changes = [
        *matrix.changes,
        *(f"{name} without {TEE_OPTION}" for name, text in command_lines if TEE_OPTION not in text.split()),
    ]
    if changes:
        return check.warned(
            "; ".join(changes)[:500],
            "Nodes are not started like this: a match in these settings says little about what nodes will run.",
            qualifications=(Qualification.MATRIX_CHANGED,),
        )
    return check.passed("the release matrix", "These are the settings that nodes are started with.")


def decide_depth(depth: str) -> Decision:
    """Check 54.

    Args:
        depth: ``image`` or ``certificates``.
    """
    check = checks.SETTINGS_DEPTH
    if depth == "image":
        return check.passed(
            depth, "The parameters ask for the image itself, not only for what is signed about it."
        )
    return check.warned(
        depth,
        "Only certificates were read: nobody measured the image. Audit again with depth: image.",
        qualifications=(Qualification.DEPTH_CERTIFICATES,),
    )
