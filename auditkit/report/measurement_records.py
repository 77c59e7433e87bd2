"""The launch measurements in a document: blessed and computed ones side by side, and what was measured."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from auditkit.audit import Overlap
from auditkit.errors import ParameterError
from auditkit.ic import BlessedMeasurement
from auditkit.numbers import Count
from auditkit.report.field_types import Hex, Part, Sha256
from auditkit.sev import LaunchMeasurement, PublishedMeasurement


class Label(Part):
    """What the proposal writes beside a blessed measurement; null where it writes nothing."""

    kernel_cmdline: str | None
    vcpu_type: str | None

    @classmethod
    def of(cls, blessed: BlessedMeasurement) -> Self:
        """The label of ``blessed``."""
        return cls(kernel_cmdline=blessed.kernel_cmdline, vcpu_type=blessed.vcpu_type)


class Setting(Part):
    """The setting of the base release that a computed measurement belongs to.

    Attributes:
        boot_args: name of the line in the release's ``boot_args`` file.
        kernel_cmdline: that line.
        guest_features: SEV guest features, as a number.
    """

    vcpu_type: str
    vcpus: Annotated[int, Field(ge=1)]
    boot_args: str
    kernel_cmdline: str
    guest_features: Count = 1

    @classmethod
    def of(cls, computed: LaunchMeasurement | PublishedMeasurement) -> Self:
        """The setting of ``computed``.

        Raises:
            ParameterError: it was read from a list, which does not say the setting; a report is about
                measurements that were computed.
        """
        if not isinstance(computed, LaunchMeasurement):
            raise ParameterError(
                "a report holds computed measurements, not listed ones", where=computed.measurement.hex()
            )
        return cls(
            vcpu_type=computed.vcpu_type,
            vcpus=computed.vcpus,
            boot_args=computed.boot_args,
            kernel_cmdline=computed.kernel_cmdline,
            guest_features=computed.guest_features,
        )


class OverlapRecord(Part):
    """One measurement and where it was found: blessed by the proposal, computed by us, or both.

    ``measurement`` is hex of the blessed bytes even where they are not the 48 bytes that they should be.
    """

    relation: Literal["matched", "metadata-differs", "blessed-only", "computed-only"]
    measurement: Hex
    blessed: Label | None
    computed: Setting | None
    explanation: str | None = None

    @classmethod
    def of(cls, row: Overlap) -> Self:
        """The record of ``row``."""
        blessed, computed = row.blessed, row.computed
        return cls(
            relation=row.relation.value,
            measurement=row.measurement.hex(),
            blessed=None if blessed is None else Label.of(blessed),
            computed=None if computed is None else Setting.of(computed),
            explanation=row.explanation,
        )

    @model_validator(mode="after")
    def _sides(self) -> Self:
        both = self.relation in {"matched", "metadata-differs"}
        if (self.blessed is not None) != (both or self.relation == "blessed-only"):
            raise ValueError(f"relation {self.relation} contradicts the field blessed")
        if (self.computed is not None) != (both or self.relation == "computed-only"):
            raise ValueError(f"relation {self.relation} contradicts the field computed")
        return self


class CommandLine(Part):
    """One line of ``boot_args``: its name and its value."""

    name: str
    value: str


class MeasuredInputs(Part):
    """Everything that determines the computed measurements."""

    firmware_sha256: Sha256
    kernel_sha256: Sha256
    initrd_sha256: Sha256 | None
    command_lines: tuple[CommandLine, ...] = ()
    vcpu_types: tuple[str, ...] = ()
    vcpus: tuple[int, ...] = ()
    guest_features: Count = 1
