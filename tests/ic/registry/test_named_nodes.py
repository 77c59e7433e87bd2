"""Whose chips, by certified answers about single records: what is there, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chip_world import (
    ANNA,
    BERT,
    CARL,
    CHIP_A,
    CHIP_B,
    EMIL,
    OPERATOR,
    OTHER_SUBNET,
    PROVIDER,
    SUBNET,
    data_center,
    node,
    operator,
    subnet,
)
from ic.registry.writing import blob

from auditkit.errors import EvidenceError
from auditkit.ic.registry import (
    ChipHistory,
    ChipNode,
    ClaimedNode,
    LayoutError,
    RegistryAnswer,
    chips_of_nodes,
)

AS_OF_NS = 1_800_000_000 * 10**9 + 999_999_999
AS_OF = "2027-01-15T08:00:00Z"


def answer(key: str, value: bytes | None, version: int = 40, **more) -> RegistryAnswer:
    values = {"asked_version": None, "timestamp_ns": 1_700_000_021 * 10**9, **more}
    return RegistryAnswer(key=key, version=version, value=value, **values)


def of_node(one, value: bytes | None, version: int = 41, **more) -> RegistryAnswer:
    return answer(f"node_record_{one}", value, version, **more)


ALL = (
    of_node(ANNA, node(CHIP_A)),
    answer(f"node_operator_record_{OPERATOR}", operator(), 7),
    answer("data_center_record_zh1", data_center(), 8),
    answer(f"subnet_record_{SUBNET}", subnet(ANNA, BERT, sev=True), 60),
)
FOUND = ChipNode(
    node=str(ANNA),
    operator=str(OPERATOR),
    provider=str(PROVIDER),
    data_center="zh1",
    region="Europe,CH,Zurich",
    owner="Owner & Sons",
    subnet=str(SUBNET),
    subnet_type="application",
    sev_enabled=True,
    api_boundary=False,
    since=41,
    since_time="2023-11-14T22:13:41Z",
)


def told(*answers: RegistryAnswer, chips=(CHIP_A,), as_of_ns: int | None = AS_OF_NS, **more):
    return chips_of_nodes(answers, chips, as_of_ns=as_of_ns, **more)


def the_node(*answers: RegistryAnswer) -> ChipNode:
    ((found,),) = (one.nodes for one in told(*answers).chips)
    return found


def test_all_that_is_said_of_a_chip():
    found = told(*ALL, of_node(BERT, node()), of_node(CARL, None), chips=(CHIP_A, CHIP_B))
    assert found.chips == (ChipHistory("a1" * 64, (FOUND,)), ChipHistory("b2" * 64, ()))
    assert (found.source, found.version, found.as_of) == ("nodes", 60, AS_OF)
    assert (found.nodes, found.without_chip, found.unreadable) == (3, 1, 0)
    assert (found.claimed, found.batches) == (None, ())


def test_the_order_of_the_answers_does_not_matter():
    assert told(*reversed(ALL)) == told(*ALL)


def test_without_answers_nothing_is_known():
    found = told(as_of_ns=None)
    assert found.chips == (ChipHistory("a1" * 64, ()),)
    assert (found.version, found.as_of, found.nodes) == (0, None, 0)


def test_two_nodes_of_one_chip():
    found = told(of_node(ANNA, node(CHIP_A)), of_node(BERT, node(CHIP_A)))
    assert [one.node for one in found.chips[0].nodes] == [str(ANNA), str(BERT)]


def test_a_node_without_an_operator():
    found = the_node(of_node(ANNA, node(CHIP_A, operator=None)), *ALL[1:])
    assert (found.operator, found.provider, found.data_center, found.region) == (None, None, None, None)
    assert found.subnet == str(SUBNET)


@pytest.mark.parametrize("absent", [(), (answer(f"node_operator_record_{OPERATOR}", None),)])
def test_an_operator_that_is_not_there(absent):
    found = the_node(ALL[0], *absent, *ALL[2:])
    assert (found.operator, found.provider, found.data_center) == (str(OPERATOR), None, None)
    assert (found.region, found.owner) == (None, None)


@pytest.mark.parametrize("absent", [(), (answer("data_center_record_zh1", None),)])
def test_a_data_center_that_is_not_there(absent):
    found = the_node(*ALL[:2], *absent, ALL[3])
    assert (found.provider, found.data_center) == (str(PROVIDER), "zh1")
    assert (found.region, found.owner) == (None, None)


def test_an_operator_without_a_data_center():
    found = the_node(ALL[0], answer(f"node_operator_record_{OPERATOR}", operator(data_center="")), *ALL[2:])
    assert (found.provider, found.data_center, found.region) == (str(PROVIDER), None, None)


@pytest.mark.parametrize(
    "others",
    [
        (),
        (answer(f"subnet_record_{SUBNET}", None),),
        (answer(f"subnet_record_{OTHER_SUBNET}", subnet(BERT)),),
    ],
)
def test_a_subnet_that_does_not_list_the_node_is_not_its_own(others):
    found = the_node(*ALL[:3], *others)
    assert (found.subnet, found.subnet_type, found.sev_enabled) == (None, None, None)


@pytest.mark.parametrize(("value", "boundary"), [(blob(1, "a" * 40), True), (b"", True), (None, False)])
def test_a_boundary_node(value, boundary):
    found = the_node(*ALL[:3], answer(f"api_boundary_node_{ANNA}", value))
    assert found.api_boundary is boundary
    assert the_node(*ALL[:3], answer(f"api_boundary_node_{EMIL}", b"")).api_boundary is False


@pytest.mark.parametrize("timestamp_ns", [None, 253_402_300_800 * 10**9])
def test_a_time_that_is_not_known_or_beyond_every_calendar(timestamp_ns):
    found = the_node(of_node(ANNA, node(CHIP_A), timestamp_ns=timestamp_ns))
    assert (found.since, found.since_time) == (41, None)


@pytest.mark.parametrize(
    ("value", "registered", "chip"),
    [(node(CHIP_B), True, "b2" * 64), (node(), True, None), (None, False, None)],
)
def test_the_node_that_was_claimed(value, registered, chip):
    found = told(*ALL, of_node(BERT, value), claimed=BERT)
    assert found.claimed == ClaimedNode(str(BERT), registered, chip)


def test_a_claimed_node_that_nobody_was_asked_about_is_told():
    with pytest.raises(EvidenceError, match="was not asked about") as caught:
        told(*ALL, claimed=BERT)
    assert caught.value.where == str(BERT)


def test_an_answer_about_an_older_version_is_refused():
    """It is genuine, and what it says may be over."""
    with pytest.raises(EvidenceError, match="an older version than the newest") as caught:
        told(of_node(ANNA, node(CHIP_A), asked_version=41))
    assert caught.value.where == f"node_record_{ANNA}"


@pytest.mark.parametrize("other", [node(CHIP_B), node(CHIP_A), None])
def test_two_answers_about_one_record_are_refused(other):
    with pytest.raises(EvidenceError, match="two answers of the registry about one record"):
        told(*ALL, of_node(ANNA, other))


@pytest.mark.parametrize(
    "key", ["node_record_", "node_record_zz", f"node_record_{ANNA} ", "node_record_\x1b[2J"]
)
def test_an_answer_about_a_node_that_is_none_is_refused(key):
    with pytest.raises(EvidenceError, match="about a node or a subnet that is none"):
        told(answer(key, node(CHIP_A)))


def test_a_node_of_a_layout_that_is_not_known_is_refused():
    with pytest.raises(LayoutError):
        told(*ALL, of_node(BERT, blob(16, CHIP_A) * 2))


UNKNOWN = {
    "its operator": (
        answer(f"node_operator_record_{OPERATOR}", blob(4, b"\xff")),
        {"provider": None, "data_center": None, "region": None, "owner": None},
    ),
    "its data center": (answer("data_center_record_zh1", blob(2, b"\xff")), {"region": None, "owner": None}),
    "its subnet": (
        answer(f"subnet_record_{SUBNET}", subnet(ANNA) + blob(3, b"p" * 30)),
        {"subnet": None, "subnet_type": None, "sev_enabled": None},
    ),
    "another subnet": (answer(f"subnet_record_{OTHER_SUBNET}", blob(3, b"p" * 30)), {}),
}


@pytest.mark.parametrize(("record", "left"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_record_that_cannot_be_read_leaves_out_what_it_would_say(record, left):
    assert the_node(*[one for one in ALL if one.key != record.key], record) == replace(FOUND, **left)


def test_records_of_another_kind_say_nothing_of_chips():
    assert told(*ALL, answer("unassigned_nodes_config", b"\xff"), answer("", b"\xff")) == told(*ALL)
