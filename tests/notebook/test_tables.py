"""Tables hold what the report holds, with types that survive an empty table."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from auditkit import checks
from auditkit.audit.overlap import compare
from auditkit.notebook.tables import decisions_table, measurements_table, overlap_table
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.report.measurement_records import Label, OverlapRecord, Setting
from auditkit.sev import measure, measured_boot

FIRMWARE = practice_firmware("tables")
LINES = {"BOOT_ARGS_TEE_A": "root=a", "BOOT_ARGS_TEE_B": "root=b"}
DECISIONS = (
    checks.OVERLAP_ANY.passed(
        "6 of 6", "They have measurements in common.", evidence=("proposal.cbor", "a.json")
    ),
    checks.OVERLAP_LABELS.failed("1 is\u202e wrong", "A label is wrong."),
    checks.BASE_DIGEST.skipped("No digest was given."),
)


@pytest.fixture(scope="module")
def matrix():
    return measure(measured_boot(FIRMWARE, practice_kernel("k", 2000), practice_initrd("i", 2000)), LINES)


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


def test_decisions_are_told_in_order_under_their_numbers():
    table = decisions_table(DECISIONS)
    assert list(table.index) == [25, 27, 18]
    assert list(table["outcome"]) == ["pass", "fail", "skip"]
    assert table.loc[25, "evidence"] == "proposal.cbor, a.json"
    assert table.loc[27, "observed"] == "1 is⟨U+202E⟩ wrong"
    assert table.loc[18, "question"] == checks.BASE_DIGEST.question


def test_every_side_of_the_overlap_is_in_the_table():
    table = overlap_table(overlap_rows())
    assert list(table["relation"]) == [row.relation for row in overlap_rows()]
    assert list(table["label"]) == [
        "agrees",
        "absent",
        "incomplete",
        "differs",
        "not comparable",
        "not comparable",
    ]
    assert list(table["measurement"]) == [f"0{number}" * 48 for number in range(1, 7)]
    assert table["vcpus"].dtype == "Int64"
    assert table["vcpus"].isna().tolist() == [False, False, False, False, True, False]
    assert table["blessed_vcpu_type"].isna().tolist() == [False, True, True, False, False, True]
    assert table.loc[4, "explanation"] == "Foreign."


def test_the_overlap_of_an_audit_gives_the_table_of_its_report(matrix):
    rows = compare((), matrix, {})
    pd.testing.assert_frame_equal(overlap_table(rows), overlap_table([OverlapRecord.of(row) for row in rows]))
    assert list(overlap_table(rows)["relation"]) == ["computed-only"] * 6


def test_measurements_come_with_every_input(matrix):
    table = measurements_table(matrix)
    assert list(table["measurement"]) == [item.measurement.hex() for item in matrix]
    assert set(table["firmware_sha256"]) == {hashlib.sha256(FIRMWARE).hexdigest()}
    assert list(table["cpu_signature"]) == ["0x800f12"] * 2 + ["0xa10f10"] * 2 + ["0xb00f00"] * 2
    assert set(table["guest_features"]) == {"0x1"}
    assert table["vcpus"].sum() == 6 * 64


@pytest.mark.parametrize("make", [decisions_table, overlap_table, measurements_table])
def test_an_empty_table_has_its_columns_and_types(make, matrix):
    full = {
        decisions_table: DECISIONS,
        overlap_table: overlap_rows(),
        measurements_table: matrix,
    }[make]
    empty = make(())
    assert len(empty) == 0
    assert dict(empty.dtypes) == dict(make(full).dtypes)


def test_text_of_others_is_escaped_in_html():
    label = Label(kernel_cmdline="<script>alert(1)</script>", vcpu_type="EPYC\x1b[31m")
    record = OverlapRecord(relation="blessed-only", measurement="07" * 48, blessed=label, computed=None)
    html = overlap_table([record]).to_html()
    assert "<script>" not in html
    assert "\x1b" not in html
