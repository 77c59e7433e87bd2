"""What a label of the proposal is worth, for every relation that a row can have."""

from __future__ import annotations

from auditkit.notebook.figures.overlap_labels import label_agreement
from auditkit.report import Label, OverlapRecord, Setting


def overlap_rows():
    setting = Setting(vcpu_type="EPYC-v4", vcpus=64, boot_args="BOOT_ARGS_TEE_A", kernel_cmdline="root=a")
    label = Label(kernel_cmdline="root=a", vcpu_type="EPYC-v4")
    bare, half = Label(kernel_cmdline=None, vcpu_type=None), Label(kernel_cmdline="root=a", vcpu_type=None)
    return [
        OverlapRecord(relation="matched", measurement="01" * 48, blessed=label, computed=setting),
        OverlapRecord(relation="matched", measurement="02" * 48, blessed=bare, computed=setting),
        OverlapRecord(relation="matched", measurement="03" * 48, blessed=half, computed=setting),
        OverlapRecord(
            relation="metadata-differs",
            measurement="04" * 48,
            blessed=label,
            computed=setting,
            explanation="Wrong.",
        ),
        OverlapRecord(
            relation="blessed-only",
            measurement="05" * 48,
            blessed=label,
            computed=None,
            explanation="Foreign.",
        ),
        OverlapRecord(relation="computed-only", measurement="06" * 48, blessed=None, computed=setting),
    ]


def test_what_a_label_is_worth():
    assert [label_agreement(row) for row in overlap_rows()] == [
        "agrees",
        "absent",
        "incomplete",
        "differs",
        "not comparable",
        "not comparable",
    ]
