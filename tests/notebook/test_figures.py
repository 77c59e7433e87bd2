"""The overlap figure tells each relation without colour, and is the same every time."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from auditkit.notebook.figures.overlap import SHOWN_MEASUREMENTS, overlap_figure
from auditkit.notebook.figures.plotted import figure_svg
from auditkit.report.measurement_records import Label, OverlapRecord, Setting

LINES = ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B")


def digest(name: object) -> str:
    return hashlib.sha384(str(name).encode()).hexdigest()


def setting(vcpu_type: str = "EPYC-Genoa", vcpus: int = 64) -> Setting:
    return Setting(vcpu_type=vcpu_type, vcpus=vcpus, boot_args=LINES[0], kernel_cmdline="root=a")


def row(
    relation: str, name: object, *, label: str | None = "EPYC-Genoa", explanation: str | None = None, vcpus=64
):
    return OverlapRecord(
        relation=relation,
        measurement=digest(name),
        blessed=None if relation == "computed-only" else Label(kernel_cmdline="root=a", vcpu_type=label),
        computed=None if relation == "blessed-only" else setting(vcpus=vcpus),
        explanation=explanation,
    )


MIXED = (
    row("matched", 1),
    row("metadata-differs", 2, label="EPYC-v4", explanation="The label is wrong: it says 'EPYC-v4'."),
    row("blessed-only", 3, explanation="This is the base release started with 16 vCPUs."),
    row("computed-only", 4, vcpus=16),
)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def marks(figure) -> list[str]:
    """The marks in the drawing, without the four of the legend at its end."""
    found = [text for text in texts(figure) if text in "✓≠?–"]
    return [mark for mark in found if mark][:-4]


def test_every_relation_has_its_own_mark_hatch_and_grey_value():
    boxes = [
        patch
        for patch in overlap_figure(()).axes[0].patches
        if isinstance(patch, Rectangle) and patch.get_width() < 0.35
    ]
    assert len(boxes) == 4
    assert len({box.get_hatch() or "" for box in boxes}) == 4
    greys = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in (to_rgb(box.get_facecolor()) for box in boxes)
    )
    assert all(lighter - darker > 0.08 for darker, lighter in pairwise(greys))


def test_each_measurement_is_marked_by_its_relation():
    assert sorted(marks(overlap_figure(MIXED))) == sorted("✓≠?–")


def test_relation_label_agreement_and_explanation_are_written_out():
    written = " ".join(texts(overlap_figure(MIXED)))
    for words in (
        "in the proposal and computed, label agrees",
        "computed, but the label is wrong",
        "The label is wrong: it says 'EPYC-v4'.",
        "in the proposal, but not computed",
        "This is the base release started with 16 vCPUs.",
        "1 computed, but not in the proposal",
        "16 vCPUs",
        digest(3)[:16],
    ):
        assert words in written


@pytest.mark.parametrize(
    ("line", "vcpu_type", "words"),
    [
        ("root=a", None, "label incomplete"),
        (None, "EPYC-Genoa", "label incomplete"),
        (None, None, "no label"),
    ],
)
def test_absent_labels_are_told(line, vcpu_type, words):
    label = Label(kernel_cmdline=line, vcpu_type=vcpu_type)
    record = OverlapRecord(relation="matched", measurement=digest(1), blessed=label, computed=setting())
    assert f"in the proposal and computed, {words}" in texts(overlap_figure([record]))


def test_a_mark_stands_where_row_and_column_meet():
    rows = [row("matched", number, vcpus=number + 1) for number in range(5)]
    crossings = [
        text.get_position() for text in overlap_figure(rows).axes[0].texts if text.get_text() == "✓"
    ][:-1]
    assert len(crossings) == 5
    steps = {
        (round(right[0] - left[0], 6) > 0, round(right[1] - left[1], 6) > 0)
        for left, right in pairwise(crossings)
    }
    assert steps == {(True, True)}


def test_what_does_not_match_is_drawn_first_when_there_is_too_much():
    rows = [row("matched", number) for number in range(60)] + [row("blessed-only", "odd one")]
    figure = overlap_figure(rows)
    assert marks(figure).count("?") == 1
    assert marks(figure).count("✓") == SHOWN_MEASUREMENTS - 1
    assert "not drawn: 21 more in the proposal, 20 more computed" in texts(figure)


def test_the_svg_is_the_same_every_time_and_names_nothing_outside():
    svg = figure_svg(overlap_figure(MIXED), "x")
    assert svg == figure_svg(overlap_figure(MIXED), "x")
    assert svg != figure_svg(overlap_figure(MIXED[:2]), "x")
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    without_namespaces = re.sub(r' xmlns(:xlink)?="http://www\.w3\.org/[^"]*"', "", svg)
    assert "http" not in without_namespaces
    assert not re.search(r"\b20\d\d-\d\d-\d\d", svg)


@pytest.mark.parametrize(
    "label", ["$\\frac{1}{0}$", "EPYC\u202egnoaG", "</svg><script>alert(1)</script>", "芯" * 33, "", "--><x>"]
)
def test_labels_of_others_stay_text(label):
    svg = figure_svg(overlap_figure([row("blessed-only", 1, label=label, explanation=label)]), label)
    tree = ElementTree.fromstring(svg)
    assert not [element for element in tree.iter() if element.tag.endswith("script")]


def test_a_long_explanation_is_cut_and_says_so():
    figure = overlap_figure([row("blessed-only", 1, explanation="word " * 500)])
    assert "… (all of it is in the table)" in texts(figure)
    assert figure.get_figheight() < 5


@pytest.mark.parametrize("rows", [(), MIXED[:1], MIXED[2:3], MIXED[3:]])
def test_one_sided_overlaps_can_be_drawn(rows):
    assert figure_svg(overlap_figure(rows), "x").startswith("<svg ")


def test_no_pyplot_state_is_touched():
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    overlap_figure(MIXED)
    assert pyplot.get_fignums() == before
