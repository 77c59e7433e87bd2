"""Lists of nodes: what is read of one, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from chip_world import ANNA, BERT, CHIP_A, CHIP_B

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS
from auditkit.pipeline.sources.node_list import ListedNode, parse_node_list


def parsed(value: object, **limits: int):
    return parse_node_list(json.dumps(value).encode(), limits=replace(LIMITS, **limits))


def one(node=ANNA, **more: object) -> dict[str, object]:
    return {"node_id": str(node), **more}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([], ()),
        ([one()], (ListedNode(ANNA, None),)),
        ({"nodes": [one()], "total": 1}, (ListedNode(ANNA, None),)),
        ([one(status="UP", dc_id="zh1")], (ListedNode(ANNA, None),)),
        ([one(chip_id=None), one(BERT, chip_id="")], (ListedNode(ANNA, None), ListedNode(BERT, None))),
        (
            [one(BERT, chip_id="b2" * 64), one(chip_id="A1" * 64)],
            (ListedNode(BERT, CHIP_B), ListedNode(ANNA, CHIP_A)),
        ),
        ([one(), one(), one(BERT), one()], (ListedNode(ANNA, None), ListedNode(BERT, None))),
    ],
)
def test_what_is_read(value, found):
    assert parsed(value) == found


NO_LIST = "the list of nodes is not one"
NAMES_NONE = "names none"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("nodes", NO_LIST),
        (7, NO_LIST),
        ({}, NO_LIST),
        ({"nodes": None}, NO_LIST),
        ({"nodes": {"node_id": str(ANNA)}}, NO_LIST),
        ([str(ANNA)], NAMES_NONE),
        ([{}], NAMES_NONE),
        ([{"node_id": 7}], NAMES_NONE),
        ([one(), {"chip_id": "a1" * 64}], NAMES_NONE),
        ([one(chip_id=7)], NAMES_NONE),
        ([one(chip_id=["a1"])], NAMES_NONE),
        ([{"node_id": ""}], "cannot be read"),
        ([{"node_id": "nobody"}], "cannot be read"),
        ([{"node_id": str(ANNA).upper()}], "cannot be read"),
        ([one(chip_id="a1" * 63 + "a")], "a chip_id is not in hex digits"),
        ([one(chip_id="xy" * 64)], "a chip_id is not in hex digits"),
    ],
)
def test_what_is_no_list_is_refused(value, told):
    with pytest.raises(EvidenceError, match=told):
        parsed(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[",
        b"\xff",
        b"<html>",
        b"[NaN]",
        b'{"nodes": [], "nodes": []}',
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_json_is_refused(data):
    with pytest.raises(EvidenceError, match="not JSON"):
        parse_node_list(data)


def test_more_nodes_than_there_are_is_refused():
    assert len(parsed([one(), one(BERT)], listed_nodes=2)) == 2
    with pytest.raises(EvidenceError, match="names 3 nodes"):
        parsed([one(), one(), one()], listed_nodes=2)
