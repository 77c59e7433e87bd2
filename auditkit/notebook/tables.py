"""The results of an audit as pandas tables, for notebooks and for further work with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from auditkit.decision import Decision
from auditkit.display import visible
from auditkit.report import OverlapRecord

if TYPE_CHECKING:
    from auditkit.audit import Overlap
    from auditkit.sev import LaunchMeasurement

_DECISION_COLUMNS: Final = (
    "number",
    "id",
    "outcome",
    "question",
    "expected",
    "observed",
    "reason",
    "evidence",
)
_OVERLAP_COLUMNS: Final = {
    "relation": "string",
    "label": "string",
    "measurement": "string",
    "blessed_vcpu_type": "string",
    "blessed_kernel_cmdline": "string",
    "vcpu_type": "string",
    "vcpus": "Int64",
    "boot_args": "string",
    "kernel_cmdline": "string",
    "explanation": "string",
}
_MEASUREMENT_COLUMNS: Final = {
    "measurement": "string",
    "vcpu_type": "string",
    "vcpus": "int64",
    "boot_args": "string",
    "kernel_cmdline": "string",
    "guest_features": "string",
    "kernel_hashes": "bool",
    "cpu_signature": "string",
    "vmm": "string",
    "firmware_sha256": "string",
    "kernel_sha256": "string",
    "initrd_sha256": "string",
}


def decisions_table(decisions: Iterable[Decision]) -> pd.DataFrame:
    """One row a decision, in the order given, indexed by the number of the check."""
    rows = [
        {
            "number": decision.number,
            "id": decision.id,
            "outcome": decision.outcome.value,
            "question": visible(decision.question),
            "expected": visible(decision.expected),
            "observed": visible(decision.observed),
            "reason": visible(decision.reason),
            "evidence": ", ".join(decision.evidence),
        }
        for decision in decisions
    ]
    types = {name: "int64" if name == "number" else "string" for name in _DECISION_COLUMNS}
    return _table(rows, types).set_index("number")


def overlap_table(rows: Iterable[Overlap | OverlapRecord]) -> pd.DataFrame:
    """One row a measurement: how it stands in the two lists, what each side says of it, and what it is.

    Absent values are missing (``pandas.NA``): labels that the proposal leaves out, and the side that does not
    have the measurement. ``label`` is one of `label_agreement`.
    """
    return _table([_overlap_row(overlap_record(row)) for row in rows], _OVERLAP_COLUMNS)


def measurements_table(measurements: Iterable[LaunchMeasurement]) -> pd.DataFrame:
    """One row a computed measurement, with every input that determines it."""
    rows = [
        {
            "measurement": item.measurement.hex(),
            "vcpu_type": item.vcpu_type,
            "vcpus": item.vcpus,
            "boot_args": item.boot_args,
            "kernel_cmdline": visible(item.kernel_cmdline),
            "guest_features": f"{item.guest_features:#x}",
            "kernel_hashes": item.kernel_hashes,
            "cpu_signature": f"{item.inputs.cpu_signature:#x}",
            "vmm": item.inputs.vmm,
            "firmware_sha256": item.inputs.firmware_sha256,
            "kernel_sha256": item.inputs.kernel_sha256,
            "initrd_sha256": item.inputs.initrd_sha256,
        }
        for item in measurements
    ]
    return _table(rows, _MEASUREMENT_COLUMNS)


def overlap_record(row: Overlap | OverlapRecord) -> OverlapRecord:
    """``row`` as the report has it."""
    return row if isinstance(row, OverlapRecord) else OverlapRecord.of(row)


def label_agreement(row: OverlapRecord) -> str:
    """What the proposal's label is worth: ``agrees``, ``differs``, ``incomplete``, ``absent`` or ``not
    comparable``.

    ``incomplete`` is a label of which one part is there and right, ``absent`` one without any part, and ``not
    comparable`` the label of a measurement that only one side has.
    """
    if row.relation == "metadata-differs":
        return "differs"
    if row.blessed is None or row.computed is None:
        return "not comparable"
    parts = (row.blessed.kernel_cmdline, row.blessed.vcpu_type)
    if all(part is None for part in parts):
        return "absent"
    return "incomplete" if None in parts else "agrees"


def _overlap_row(row: OverlapRecord) -> dict[str, object]:
    blessed, computed = row.blessed, row.computed
    return {
        "relation": row.relation,
        "label": label_agreement(row),
        "measurement": row.measurement,
        "blessed_vcpu_type": _shown(blessed.vcpu_type if blessed else None),
        "blessed_kernel_cmdline": _shown(blessed.kernel_cmdline if blessed else None),
        "vcpu_type": computed.vcpu_type if computed else None,
        "vcpus": computed.vcpus if computed else None,
        "boot_args": computed.boot_args if computed else None,
        "kernel_cmdline": _shown(computed.kernel_cmdline if computed else None),
        "explanation": _shown(row.explanation),
    }


def _shown(text: str | None) -> str | None:
    return None if text is None else visible(text)


def _table(rows: Sequence[Mapping[str, object]], types: Mapping[str, Any]) -> pd.DataFrame:
    """A table that has its columns and their types even without a row."""
    columns = {name: pd.array([row[name] for row in rows], dtype=dtype) for name, dtype in types.items()}
    return pd.DataFrame(columns)
