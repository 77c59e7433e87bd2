"""Relations and the decisions over them, on settings made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditkit.audit import Relation, compare, decide_overlap
from auditkit.decision import Outcome
from auditkit.errors import EvidenceError
from auditkit.ic import BlessedMeasurement
from auditkit.limits import LIMITS
from auditkit.sev import LaunchMeasurement, MeasurementInputs, PublishedMeasurement

INPUTS = MeasurementInputs("00" * 32, "11" * 32, "22" * 32, 0xA10F10)


def setting(
    byte: int, vcpu_type: str = "EPYC-Genoa", boot_args: str = "BOOT_ARGS_TEE_A"
) -> LaunchMeasurement:
    return LaunchMeasurement(
        measurement=bytes([byte]) * 48,
        kernel_cmdline=f"line of {boot_args}",
        boot_args=boot_args,
        vcpu_type=vcpu_type,
        vcpus=64,
        guest_features=1,
        kernel_hashes=True,
        inputs=INPUTS,
    )


def blessed(byte: int, cmdline: str | None = "line of BOOT_ARGS_TEE_A", vcpu_type: str | None = "EPYC-Genoa"):
    return BlessedMeasurement(bytes([byte]) * 48, cmdline, vcpu_type)


def outcomes(rows):
    return {decision.id: decision.outcome for decision in decide_overlap(rows, ())}


def test_equal_with_right_labels_matches():
    rows = compare([blessed(1)], [setting(1)], {})
    assert [row.relation for row in rows] == [Relation.MATCHED]
    assert set(outcomes(rows).values()) == {Outcome.PASS}


def test_one_blessed_measurement_that_nobody_computed_fails_explained_and_not_any():
    rows = compare([blessed(1), blessed(9)], [setting(1)], {})
    assert [row.relation for row in rows] == [Relation.MATCHED, Relation.BLESSED_ONLY]
    assert "Nobody can say" in str(rows[1].explanation)
    decided = outcomes(rows)
    assert decided["overlap.any"] is Outcome.PASS
    assert decided["overlap.explained"] is Outcome.FAIL


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        (blessed(1), Outcome.PASS),
        (blessed(1, vcpu_type="EPYC-Turin"), Outcome.FAIL),
        (blessed(1, cmdline="line of BOOT_ARGS_TEE_B"), Outcome.FAIL),
        (blessed(1, cmdline=""), Outcome.FAIL),  # says that the line is empty, which it is not
        (blessed(1, vcpu_type=""), Outcome.FAIL),
        (blessed(1, cmdline=None), Outcome.WARN),
        (blessed(1, vcpu_type="EPYC-Genoa "), Outcome.FAIL),
        (blessed(1, vcpu_type="no such CPU"), Outcome.FAIL),
        (blessed(1, vcpu_type=None), Outcome.WARN),
        (blessed(1, cmdline=None, vcpu_type=None), Outcome.WARN),
        (blessed(1, cmdline=None, vcpu_type="EPYC-Turin"), Outcome.FAIL),
        # another name of the same CPU model: the signature, and so the measurement, is the same
        (blessed(1, vcpu_type="EPYC-Genoa-v1"), Outcome.PASS),
    ],
)
def test_labels(entry, outcome):
    rows = compare([entry], [setting(1)], {})
    assert outcomes(rows)["overlap.labels"] is outcome
    wanted = Relation.METADATA_DIFFERS if outcome is Outcome.FAIL else Relation.MATCHED
    assert rows[0].relation is wanted


@pytest.mark.parametrize(
    ("entry", "explanation"),
    [
        (blessed(1), None),
        (blessed(1, cmdline=None), None),
        (
            blessed(1, cmdline="x", vcpu_type="EPYC-Turin"),
            "The label is wrong: it says 'EPYC-Turin', the measurement is that of EPYC-Genoa; its kernel command line "
            "is not that of BOOT_ARGS_TEE_A.",
        ),
        (blessed(9), "This is 16 vCPUs."),
    ],
)
def test_what_needs_saying_about_a_blessed_measurement(entry, explanation):
    (row, *_) = compare([entry], [setting(1)], {bytes([9]) * 48: "This is 16 vCPUs."})
    assert row.explanation == explanation


def test_more_measurements_than_can_be_told_are_refused():
    most = LIMITS.blessed_measurements
    assert len(compare([blessed(1)] * most, [setting(1)], {})) == most
    with pytest.raises(EvidenceError, match=r"^the proposal blesses more measurements") as caught:
        compare([blessed(1)] * (most + 1), [setting(1)], {})
    assert (caught.value.expected, caught.value.observed) == ("at most 2048", "2049")


@pytest.mark.parametrize(
    ("cmdline", "outcome"), [("", Outcome.PASS), ("init=/bin/sh", Outcome.FAIL), (None, Outcome.WARN)]
)
def test_an_empty_computed_command_line_is_compared_too(cmdline, outcome):
    empty = replace(setting(1), kernel_cmdline="")
    assert outcomes(compare([blessed(1, cmdline=cmdline)], [empty], {}))["overlap.labels"] is outcome


def test_a_label_needs_to_fit_one_of_the_settings_with_that_measurement():
    settings = [setting(1, boot_args="BOOT_ARGS_TEE_B"), setting(1)]
    rows = compare([blessed(1)], settings, {})
    assert [row.relation for row in rows] == [Relation.MATCHED]
    assert rows[0].computed == settings[1]


def test_computed_only_is_a_warning():
    rows = compare([blessed(1)], [setting(1), setting(2, "EPYC-Turin")], {})
    assert [row.relation for row in rows] == [Relation.MATCHED, Relation.COMPUTED_ONLY]
    assert rows[1].explanation == (
        "The proposal does not bless EPYC-Turin with 64 vCPUs on BOOT_ARGS_TEE_A: a node started that way cannot be "
        "recovered with it, but nothing unsafe is blessed."
    )
    assert outcomes(rows)["overlap.coverage"] is Outcome.WARN


def test_a_prefix_of_a_measurement_is_not_that_measurement():
    short = BlessedMeasurement(bytes([1]) * 47, None, None)
    assert compare([short], [setting(1)], {})[0].relation is Relation.BLESSED_ONLY


def test_a_setting_of_a_list_that_is_not_blessed_is_named():
    named, nameless = (
        PublishedMeasurement(bytes([n]) * 48, None, cpu) for n, cpu in ((2, "EPYC-Rome"), (3, None))
    )
    told = [row.explanation.split(":")[0] for row in compare([], [named, nameless], {})]
    assert told == [
        "The proposal does not bless EPYC-Rome of the list",
        "The proposal does not bless a setting without CPU type of the list",
    ]


def test_a_list_without_cpu_types_contradicts_nothing():
    listed = PublishedMeasurement(bytes([1]) * 48, "line of BOOT_ARGS_TEE_A", None)
    assert compare([blessed(1)], [listed], {})[0].relation is Relation.MATCHED


def test_a_setting_that_an_election_leaves_out_cannot_run_the_version():
    (row,) = compare([], [setting(1)], {}, subject="election")
    assert row.explanation == (
        "The proposal does not hold EPYC-Genoa with 64 vCPUs on BOOT_ARGS_TEE_A: a node started that way could not run "
        "the version."
    )


def test_relations_in_words():
    assert {relation.value: relation.in_words for relation in Relation} == {
        "matched": "in the proposal and computed",
        "metadata-differs": "computed, but the label is wrong",
        "blessed-only": "in the proposal, but not computed",
        "computed-only": "computed, but not in the proposal",
    }
