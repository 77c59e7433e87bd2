"""Whose machines: the words in every rendering, and texts of a registry or of a forger that stay texts."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from auditkit.errors import EvidenceError
from auditkit.report import render_html, render_markdown, render_text
from auditkit.report.rendering.machines import (
    CAVEAT,
    are_known,
    as_of,
    machine_rows,
    short_principal,
    whose_machines,
)
from tests.report.test_foreign_text import HOSTILE, outline
from tests.report.test_html import Page

CHIP, OTHER = "01" * 64, "02" * 64
NODE = "wmzac-nabae-aqcai-baeaq-caiba-eaqca-ibaea-qcaib-aeaqc-aibae-aqc"
PROVIDER = "uduew-qycai-baeaq-caiba-eaqca-ibaea-qcaib-aeaqc-aibae-aqcai-bae"
SUBNET = "dchi6-uidam-bqgay-dambq-gayda-mbqga-ydamb-qgayd-ambqg-aydam-bqg"
FORMER = "q5on7-lieaq-caiba-eaqca-ibaea-qcaib-aeaqc-aibae-aqcai-baeaq-cai"


def node(**more: object) -> dict[str, object]:
    return {
        "node": NODE,
        "operator": FORMER,
        "provider": PROVIDER,
        "data_center": "zh1",
        "region": "Europe,CH,Zurich",
        "owner": "Owner & Sons",
        "subnet": SUBNET,
        "subnet_type": "application",
        "sev_enabled": True,
        "api_boundary": False,
        "since": 41_000,
        "since_time": "2025-03-04T05:06:07Z",
    } | more


BEFORE = {"node": FORMER, "since": 3, "until": 9, "until_time": None, "removed": True}


def registry(*chips: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "source": "registry",
        "version": 60_007,
        "as_of": "2026-07-15T08:00:00Z",
        "nodes": 1_500,
        "without_chip": 3,
        "unreadable": 0,
        "chips": list(chips),
        "claimed": None,
        "batches": [],
    } | more


def chip(digits: str = CHIP, *nodes: dict[str, object], former=()) -> dict[str, object]:
    return {"chip": digits, "nodes": list(nodes), "former": list(former)}


@pytest.fixture
def telling(example_value, document_of):
    """The document of the example with what a registry said of its chips."""

    def run(value: dict[str, object] | None):
        example_value["chips"] = value
        example_value["parameters"]["chips_source"] = "file registry"
        return document_of(example_value)

    return run


@pytest.fixture
def both(telling):
    return telling(registry(chip(CHIP, node(), former=[BEFORE]), chip(OTHER)))


def test_a_row_for_each_node_and_for_each_chip_without_one(both):
    first, second = machine_rows(both.chips)
    assert (first.chip, first.node, first.provider, first.subnet) == (CHIP, NODE, PROVIDER, SUBNET)
    assert first.place == "zh1 (Europe, CH, Zurich)"
    assert first.role == "application, SEV enabled"
    assert first.since == "version 41,000 (2025-03-04)"
    assert first.former == "q5on7…cai from version 3 to 9 (removed)"
    assert (second.chip, second.node, second.role, second.since) == (OTHER, "none found", "", "")
    assert [name for name, _ in first.principals] == [
        "node",
        "operator",
        "provider",
        "subnet",
        "data center of",
    ]
    assert second.principals == ()


@pytest.mark.parametrize(
    ("more", "role"),
    [
        ({"sev_enabled": False, "subnet_type": "system"}, "system, SEV not enabled"),
        ({"subnet": None, "subnet_type": None, "sev_enabled": None}, "in no subnet that was found"),
        (
            {"subnet": None, "subnet_type": None, "sev_enabled": None, "api_boundary": True},
            "API boundary node",
        ),
    ],
)
def test_what_a_node_does(telling, more, role):
    (row,) = machine_rows(telling(registry(chip(CHIP, node(**more)))).chips)
    assert row.role == role


def test_what_is_not_known_of_a_node(telling):
    unknown = dict.fromkeys(("operator", "provider", "data_center", "region", "owner", "since_time"))
    (row,) = machine_rows(telling(registry(chip(CHIP, node(**unknown)))).chips)
    assert (row.operator, row.provider, row.place) == ("none found",) * 3
    assert row.since == "version 41,000"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {},
            "From the whole registry of the NNS in version 60,007, certified as of 2026-07-15 08:00:00 UTC.",
        ),
        ({"as_of": None}, "From the whole registry of the NNS in version 60,007."),
        ({"source": "nodes", "as_of": None, "nodes": 0}, "No node was asked about."),
        ({"source": "nodes", "nodes": 1}, "From certified records of 1 node that somebody named, as of"),
        ({"source": "nodes", "nodes": 2}, "From certified records of 2 nodes that somebody named, as of"),
    ],
)
def test_what_the_rows_rest_on(telling, more, told):
    assert as_of(telling(registry(**more)).chips).startswith(told)


def test_where_nobody_was_asked_nothing_is_told(telling):
    document = telling(None)
    assert (machine_rows(None), as_of(None), whose_machines(document), are_known(document)) == (
        (),
        "",
        "",
        False,
    )
    for render in (render_html, render_markdown, render_text):
        assert CAVEAT not in render(document)


def test_the_first_screen_tells_whose_they_are(both):
    told = whose_machines(both)
    assert told.startswith(
        "node wmzac…aqc of provider uduew…bae in zh1; chip 02020202… is no node's that was found"
    )
    assert "dchi6…bqg" in told


@pytest.mark.parametrize(
    ("subnets", "told"),
    [
        ((SUBNET, None), ". Subnet: dchi6…bqg; one node is in none"),
        ((SUBNET, None, None), ". Subnet: dchi6…bqg; 2 nodes are in none"),
        ((SUBNET, SUBNET), ". Subnet: dchi6…bqg"),
        ((None,), ". Subnet: none"),
        ((SUBNET, "a-b"), ". Subnets: dchi6…bqg, a-b"),
        ((SUBNET, "a-b", "c-d", "e-f"), ". Subnets: dchi6…bqg, a-b, c-d and 1 more"),
    ],
)
def test_the_first_screen_tells_the_subnets(telling, subnets, told):
    nodes = [{**node(), "subnet": subnet} for subnet in subnets]
    assert whose_machines(telling(registry(chip("01" * 64, *nodes)))).endswith(f"zh1{told}")


@pytest.mark.parametrize(
    ("principal", "short"),
    [(NODE, "wmzac…aqc"), ("2vxsx-fae", "2vxsx-fae"), ("", ""), ("x" * 80, "x" * 80)],
)
def test_a_principal_in_short(principal, short):
    assert short_principal(principal) == short


@pytest.mark.parametrize("render", [lambda told: Page(render_html(told)).text, render_markdown, render_text])
def test_every_rendering_tells_the_machines(both, render):
    text = " ".join(render(both).split())
    for word in ("01010101", "02020202", "wmzac", "uduew", "dchi6", "zh1", "Zurich", "version 41,000"):
        assert word in text
    assert "which software ran on it, then or now" in text


def test_the_page_has_every_principal_in_full(both):
    text = Page(render_html(both)).text
    assert all(one in text for one in (NODE, PROVIDER, SUBNET))


# texts that somebody else chose


FREE = ("data_center", "region", "owner", "subnet_type")


def forged(text: str) -> dict[str, object]:
    """Whatever a data center calls itself, or a forger writes where any text may stand."""
    return registry(chip(CHIP, node(**dict.fromkeys(FREE, text)), former=[BEFORE]), chip(OTHER))


NO_TEXTS = {
    "a node": registry(chip(CHIP, node(node="<b>"))),
    "an operator": registry(chip(CHIP, node(operator="<b>"))),
    "a provider": registry(chip(CHIP, node(provider="PASS\n"))),
    "a subnet": registry(chip(CHIP, node(subnet="<b>"))),
    "a time": registry(chip(CHIP, node(since_time="now"))),
    "a time of a line more": registry(chip(CHIP, node(since_time="2025-03-04T05:06:07Z\n"))),
    "a former node": registry(chip(CHIP, former=[BEFORE | {"node": "<b>"}])),
    "the end of one": registry(chip(CHIP, former=[BEFORE | {"until_time": "now"}])),
    "a chip": registry(chip("<b>")),
    "when it was signed": registry(as_of="now"),
    "a source": registry(source="me"),
    "a claimed node": registry(claimed={"node": "<b>", "registered": True, "chip": None}),
}


@pytest.mark.parametrize("value", NO_TEXTS.values(), ids=NO_TEXTS.keys())
def test_where_a_name_or_a_time_stands_no_text_is_taken(telling, value):
    with pytest.raises(EvidenceError, match="does not follow its schema"):
        telling(value)


def markdown(text: str) -> list[tuple[str, str]]:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    tokens = parser.parse(text)
    return [(one.type, one.tag) for one in tokens] + sorted(
        {(child.type, child.tag) for one in tokens for child in one.children or ()}
    )


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def pair(request, telling):
    return telling(forged("plain")), telling(forged(request.param))


def test_a_page_has_the_same_elements(pair):
    plain, hostile = (outline(render_html(one)) for one in pair)
    assert hostile == plain


def test_a_post_has_the_same_parts(pair):
    plain, hostile = (markdown(render_markdown(one)) for one in pair)
    assert hostile == plain


def test_a_terminal_shows_no_commands(pair):
    plain, hostile = (render_text(one, width=500_000).splitlines() for one in pair)
    assert len(hostile) == len(plain)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", "".join(hostile))


def test_more_machines_than_are_shown_are_counted(telling):
    document = telling(registry(*(chip(f"{place:02x}" * 64, node()) for place in range(40))))
    assert "20 more are in audit.json" in render_text(document)
    assert "24 more are in `audit.json`." in render_markdown(document)
    assert "37 more below" in whose_machines(document)
