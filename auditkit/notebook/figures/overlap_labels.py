"""What the labels of a proposal are worth, row by row of the overlap."""

from __future__ import annotations

from auditkit.audit import Overlap
from auditkit.report import OverlapRecord


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
