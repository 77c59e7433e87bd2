"""The picture of the overlap: who stands beside whom."""

from __future__ import annotations

from auditkit.report.rendering.explanations import exchanged_label, explained
from auditkit.report.rendering.overlap_drawing import overlap_svg, right_places

NAMES = ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B")


def exchange(value, first, second):
    """Gives two rows each other's label."""
    rows = value["overlap"]
    for row, other in ((first, second), (second, first)):
        label = dict(rows[other]["computed"])
        rows[row] = {
            **rows[row],
            "relation": "metadata-differs",
            "blessed": {"kernel_cmdline": label["kernel_cmdline"], "vcpu_type": label["vcpu_type"]},
            "explanation": "The label is wrong.",
        }


def test_rows_whose_labels_are_right_stand_straight(passing):
    assert right_places(passing.overlap) == [0, 1, 2, 3]


def test_a_label_that_describes_nothing_stands_straight(failing):
    assert right_places(failing.overlap) == [0, 1, 2, 3, 4, 5, 6]
    assert "label is wrong" in overlap_svg(failing)


def test_exchanged_labels_cross(example_value, document_of):
    example_value["overlap"] = example_value["overlap"][:4]
    exchange(example_value, 2, 3)
    document = document_of(example_value)
    assert right_places(document.overlap) == [0, 1, 3, 2]
    assert [exchanged_label(document, row) for row in document.overlap[2:]] == [
        "BOOT_ARGS_TEE_B",
        "BOOT_ARGS_TEE_A",
    ]


def test_two_rows_with_one_wrong_label_do_not_cross(example_value, document_of):
    """No setting may be drawn twice or left out."""
    example_value["overlap"] = example_value["overlap"][:4]
    exchange(example_value, 0, 1)
    example_value["overlap"][1]["blessed"] = dict(example_value["overlap"][0]["blessed"])
    assert right_places(document_of(example_value).overlap) == [0, 1, 2, 3]


def test_equal_explanations_are_told_once(example_value, document_of):
    row = example_value["overlap"][-1]
    example_value["overlap"] += [{**row, "measurement": "ab" * 48}, {**row, "explanation": "Another."}]
    first, second = explained(document_of(example_value), "blessed-only")
    assert first.measurements == (row["measurement"], "ab" * 48)
    assert first.amount == "all 2"
    assert (second.text, second.amount) == ("Another.", "one")
