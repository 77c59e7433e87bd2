"""What the figures say: of real audits, of those that came to nothing, and of texts that others wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import pytest

from auditkit import checks
from auditkit.audit import ElectedRelease
from auditkit.guestos import GuestImage, VerityRoot
from auditkit.ic import (
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    Certificate,
    Delegation,
    ElectionPayload,
    Empty,
    Fork,
    Labeled,
    Leaf,
    Principal,
    Pruned,
    root_hash,
)
from auditkit.notebook import figures
from auditkit.notebook.figures.canvas import Canvas, Drawing, lines_of
from auditkit.notebook.figures.hash_tree import SHOWN_ROWS, hash_tree_drawing
from auditkit.notebook.figures.ladder import Rung, Tie, by_id, ladder, tie
from auditkit.notebook.figures.partitions import partitions_drawing
from auditkit.pipeline import Audit
from auditkit.progress import Silent

HOSTILE = "</text></svg><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e$\\frac10$"


@cache
def audited(scenario: str) -> Audit:
    audit = Audit.named(f"practice:{scenario}", progress=Silent())
    assert audit.document
    return audit


def texts(drawing: Drawing) -> list[str]:
    """The lines of text in a drawing, which has to be XML."""
    tree = ElementTree.fromstring(drawing.svg)
    return ["".join(element.itertext()) for element in tree.iter("{http://www.w3.org/2000/svg}text")]


def inert(drawing: Drawing) -> None:
    """Nothing but shapes and text is in the drawing, and nothing that a reader cannot see."""
    html = drawing._repr_html_()
    svg = "{http://www.w3.org/2000/svg}"
    names = {element.tag.removeprefix(svg) for element in ElementTree.fromstring(drawing.svg).iter()}
    assert names <= {"svg", "text", "rect", "circle", "polyline", "polygon"}
    assert "<script" not in html
    assert "<img" not in html
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", html + repr(drawing))


# The certificate

TREE = Fork(
    Fork(
        Pruned(b"\x11" * 32),
        Labeled(b"request_status", Labeled(b"\xaa" * 32, Labeled(b"reply", Leaf(b"\x00" * 2000)))),
    ),
    Fork(Pruned(b"\x22" * 32), Fork(Pruned(b"\x33" * 32), Labeled(b"time", Leaf(b"\x01\x02")))),
)


def test_a_certificate_shows_its_labels_its_values_and_what_was_left_out():
    drawing = hash_tree_drawing(Certificate(TREE, bytes(48), None))
    assert texts(drawing) == [
        "The certificate",
        "The root key signs this root hash, and with it",
        "all below:",
        f"root hash {root_hash(TREE).hex()[:32]}…",
        "left out; its hash is 1111111111111111…",
        "request_status",
        "aaaaaaaaaaaaaaaa…",
        "reply: 2,000 bytes (the answer)",
        "2 parts left out; hashes 22222222… …",
        "time: 2 bytes (when it was signed)",
    ]


def test_a_delegation_is_a_second_tree_and_names_the_subnet():
    subnet = Principal(b"\x01" * 29)
    inner = Labeled(b"subnet", Labeled(subnet.raw, Labeled(b"public_key", Leaf(bytes(133)))))
    outer = Certificate(TREE, bytes(48), Delegation(subnet, Certificate(inner, bytes(48), None)))
    said = " ".join(texts(hash_tree_drawing(outer)))
    assert "The delegation The root key signs this root hash" in said
    assert "public_key: 133 bytes (its key)" in said
    assert str(subnet)[:11] in said


def test_empty_trees_and_bare_values_are_drawn():
    drawing = hash_tree_drawing(Certificate(Labeled(b"a", Fork(Empty(), Leaf(b"hello"))), b"", None))
    assert texts(drawing)[-3:] == ["a", "nothing", "“hello”"]


def test_no_certificate_is_said():
    assert texts(hash_tree_drawing(None)) == ["There is no certificate to draw."]


def test_of_a_large_tree_as_much_is_drawn_as_can_be_read():
    tree = Empty()
    for number in range(500, 0, -1):
        tree = Fork(Labeled(b"%03d" % number, Leaf(b"x")), tree)
    drawing = hash_tree_drawing(Certificate(tree, b"", None))
    assert "… and 442 more rows" in texts(drawing)
    assert len(texts(drawing)) < SHOWN_ROWS + 6


def test_labels_and_values_of_a_certificate_stay_text():
    label = HOSTILE.encode()
    for value in (label, b"<script>", b"\x1b[31m", b"$x$"):
        tree = Fork(
            Labeled(value[:12], Leaf(value)), Labeled(value, Labeled(b"subnet", Labeled(value, Empty())))
        )
        inert(hash_tree_drawing(Certificate(tree, b"", None)))


def test_one_changed_bit_shows_as_another_root_hash():
    one = hash_tree_drawing(Certificate(Leaf(b"\x00"), b"", None))
    other = hash_tree_drawing(Certificate(Leaf(b"\x01"), b"", None))
    assert texts(one)[3] != texts(other)[3]


def test_a_root_hash_that_is_another_beside_it_is_marked():
    one, other = (Certificate(Leaf(value), b"", None) for value in (b"\x00", b"\x01"))
    drawing = hash_tree_drawing(other, one)
    marks = [text for text in texts(drawing) if "changed" in text]
    assert marks == [f"✗ changed: it was {root_hash(one.tree).hex()[:16]}…"]
    assert f"Changed: it was {root_hash(one.tree).hex()[:16]}…." in drawing.said
    assert "hanged" not in hash_tree_drawing(one, one).svg
    assert "hanged" not in hash_tree_drawing(one).svg


# The image


def image() -> GuestImage:
    found = audited("honest").base.image
    assert found is not None
    return found


def test_an_image_shows_the_four_measured_files_and_that_the_command_line_names_the_root():
    base = audited("honest").base
    drawing = figures.partitions(base)
    said = texts(drawing)
    for title in (
        "Firmware",
        "Kernel",
        "Initial RAM disk",
        "Kernel command lines",
        "root.img: everything else",
    ):
        assert title in said
    assert "root_hash= on the command lines names it" in said
    assert drawing.svg.count('stroke-width="2.4" style=') == 4 + 1  # the files, and the legend
    assert f"sha256 {image().boot.sha256['kernel'][:16]}…" in said


@pytest.mark.parametrize(
    ("root", "lines", "said"),
    [
        ("00" * 32, True, "root_hash= on the command lines names ANOTHER"),
        (None, True, "root_hash= on the command lines names it"),
        (None, False, "root_hash= on the command lines is missing"),
    ],
)
def test_another_root_hash_is_said(root, lines, said):
    verity = image().verity
    assert isinstance(verity, VerityRoot)
    changed = replace(image(), verity=replace(verity, root_hash=root) if root else verity)
    boot_args = audited("honest").base.boot_args
    assert said in texts(partitions_drawing(changed, boot_args if lines else None))


def test_a_bare_boot_partition_has_no_root_and_an_overlay_is_covered_by_nothing():
    bare = texts(partitions_drawing(replace(image(), verity=None, version_text=None), None))
    assert bare[0].startswith("The boot partition, ")
    assert not [line for line in bare if "root.img" in line or "VERSION" in line]
    assert "which no hash covers" in texts(partitions_drawing(replace(image(), has_overlay=True), None))


def test_no_image_is_said():
    assert texts(figures.partitions(audited("tampered-certificate").base)) == [
        "There is no image to draw: none was read."
    ]


def test_what_an_image_says_of_itself_stays_text():
    inert(partitions_drawing(replace(image(), version_text=HOSTILE), None))


# The launch digest


def test_a_launch_digest_ends_in_the_measurement():
    measured = audited("honest").measurements
    drawing = figures.launch_chain(figures.pages_of(measured))
    said = texts(drawing)
    assert said[:2] == ["48 bytes of zeros", "digest 0000000000000000…"]
    assert "The launch measurement" in said
    assert "".join(said[-2:]) == measured.computed[0].measurement.hex()
    assert "63 pages of type vmsa" in said


def test_another_end_is_said():
    pages = figures.pages_of(audited("honest").measurements)
    other = replace(pages, vcpus=pages.vcpus[:-1])
    assert "ANOTHER launch measurement" in texts(figures.launch_chain(other))


@pytest.mark.parametrize("row", [-1, 6])
def test_of_a_measurement_that_there_is_not_there_are_no_pages(row):
    assert texts(figures.launch_chain(figures.pages_of(audited("honest").measurements, row))) == [
        "Nothing was measured"
    ]


# Who vouches for whom


@pytest.mark.parametrize(
    ("scenario", "draw", "said"),
    [
        ("honest", figures.election, ["50: is the base version elected? – pass", "says: the registry"]),
        ("unexplained", figures.election, ["one of them? – FAIL"]),
        ("election-one-wrong", figures.election, ["Proposal 910017", "No record yet: the proposal is not executed"]),
        ("election-executed", figures.election, ["The registry's record", "what was voted on? – pass"]),
        ("no-such-proposal", figures.election, ["what it says of the release is not known", "Nothing was measured"]),
        ("missing-release", figures.election, ["was not read", "the certified digest? – not decided"]),
        ("node-honest", figures.root_of_trust, ["is: ARK-Practice", "37: did that key sign the report? – pass"]),
        ("node-foreign-chain", figures.root_of_trust, ["36: do certificates lead from it to the chip's key? – FAIL"]),
        ("honest", figures.root_of_trust, ["36: do certificates lead from it to the chip's key? – not checked"]),
        ("recovery-honest", figures.recovery_image, ["33: is its root file system the proposal's? – pass"]),
        ("recovery-wrong-root", figures.recovery_image, ["33: is its root file system the proposal's? – FAIL"]),
        ("tampered-certificate", figures.recovery_image, ["release: not known"]),
    ],
)  # fmt: skip
def test_a_ladder_tells_each_link_and_its_outcome(scenario, draw, said):
    drawing = draw(audited(scenario))
    inert(drawing)
    written = " ".join(texts(drawing))
    for words in said:
        assert words in written


def test_what_others_wrote_stays_text_in_every_ladder():
    inert(ladder([Rung(HOSTILE, ((HOSTILE, HOSTILE), ("", HOSTILE))), Tie(HOSTILE, "✗", HOSTILE)], HOSTILE))
    election = ElectionPayload(HOSTILE, HOSTILE, (HOSTILE,), (), (BlessedMeasurement(b"", HOSTILE, HOSTILE),))
    proposed = audited("election-honest")
    inert(figures.election(with_parts(proposed, election=election)))
    release = ElectedRelease(HOSTILE, HOSTILE, (HOSTILE,), None, HOSTILE)
    inert(figures.election(with_parts(audited("honest"), release=release)))
    bless = BlessAlternativeGuestOsVersion((HOSTILE.encode(),), HOSTILE, ())
    inert(figures.recovery_image(with_parts(audited("honest"), bless=bless)))


def with_parts(audit: Audit, *, election=None, release=None, bless=None) -> Audit:
    """A copy of an audit whose proposal or election says something else."""
    changed = Audit(audit.parameters, Silent())
    changed.__dict__.update(
        {name: getattr(audit, name) for name in ("base", "measurements", "overlap", "recovery", "node")}
    )
    proposal, elected = audit.proposal, audit.election
    if election is not None:
        proposal = replace(proposal, verification=replace(proposal.verification, election=election))
    if bless is not None:
        proposal = replace(proposal, verification=replace(proposal.verification, bless=bless))
    if release is not None:
        elected = replace(elected, release=release)
    changed.__dict__.update(proposal=proposal, election=elected)
    return changed


def test_the_tie_of_a_check_without_a_decision_is_open():
    made = by_id([checks.OVERLAP_ANY.failed("nothing", "because")])
    assert tie(checks.OVERLAP_ANY, made, "one?") == Tie("25: one?", "✗", "FAIL", broken=True)
    assert tie(checks.OVERLAP_LABELS, made, "right?") == Tie("27: right?", "?", "not decided")
    warned = by_id([checks.OVERLAP_ANY.warned("something", "because")])
    assert tie(checks.OVERLAP_ANY, warned, "one?").word == "with a warning"


# The sheet


def test_a_hundred_kilobytes_of_text_are_no_more_than_a_few_lines():
    drawing = ladder([Rung("x" * 100_000, (("y" * 100_000, "z" * 100_000),))], "w" * 100_000)
    assert len(drawing.svg) < 10_000
    assert len(repr(drawing)) < 3_000
    assert lines_of("word " * 20_000, 300, 4)[-1].endswith(" …")


def test_every_figure_takes_the_colours_of_the_page():
    """But for red beside the word FAIL, and what is drawn on a colour of its own."""
    drawings = [
        figures.hash_tree(audited("honest").proposal),
        figures.partitions(audited("honest").base),
        figures.election(audited("honest")),
        figures.chain(audited("honest").steps),
    ]
    for drawing in drawings:
        assert "currentColor" in drawing.svg
        assert not re.search(r"(?:fill|stroke)[=:]\s*\"?(?:#|black|white|rgb)", drawing.svg)


def test_plots_have_no_background_and_change_nothing_outside_themselves():
    drawing = figures.overlap(audited("unexplained").overlap.rows)
    assert "currentColor" in drawing.svg
    assert "<style" not in drawing.svg
    background = re.search(r'id="patch_1".*?</g>', drawing.svg, re.DOTALL)
    assert background is None or "fill: none" in background[0]
    assert "bb00bc4ccc2e0075… in the proposal, but not computed" in repr(drawing)


def test_a_figure_says_in_words_what_it_shows():
    drawing = Canvas().drawing(10, 'a "quoted" <b>')
    assert repr(drawing) == 'a "quoted" <b>'
    assert 'aria-label="a &quot;quoted&quot; &lt;b&gt;"' in drawing.svg
