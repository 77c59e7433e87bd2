"""Records about nodes and whose they are: what Google's `protobuf` writes is what we read, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chip_world import ANNA, BERT, OPERATOR, PROVIDER, SUBNET, data_center, node, operator, subnet
from ic.registry.writing import blob, number
from practice.messages import message

from auditkit.errors import EvidenceError
from auditkit.ic import Principal
from auditkit.ic.registry import (
    LayoutError,
    api_boundary_key,
    data_center_key,
    node_key,
    node_operator_key,
    read_data_center,
    read_node,
    read_node_operator,
    read_subnet,
    read_subnet_list,
    subnet_key,
)
from auditkit.ic.registry.node_records import (
    DataCenterRecord,
    NodeOperatorRecord,
    NodeRecord,
    SubnetRecord,
)
from auditkit.limits import LIMITS

CHIP = bytes(range(64))


def written(name: str, **fields: object) -> bytes:
    return message(name, **fields).SerializeToString()


def test_a_node():
    endpoint = message("ConnectionEndpoint", ip_addr="2001:db8::1", port=8080)
    told = written(
        "NodeRecord", http=endpoint, node_operator_id=OPERATOR.raw, chip_id=CHIP, domain="x.example"
    )
    assert read_node(told) == NodeRecord(OPERATOR, CHIP)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (b"", NodeRecord(None, None)),
        (written("NodeRecord", node_operator_id=OPERATOR.raw), NodeRecord(OPERATOR, None)),
        (written("NodeRecord", chip_id=CHIP), NodeRecord(None, CHIP)),
        (written("NodeRecord", chip_id=b""), NodeRecord(None, None)),
        (written("NodeRecord", chip_id=CHIP[:5]), NodeRecord(None, CHIP[:5])),
        (blob(15, b""), NodeRecord(None, None)),
        (node(CHIP) + number(99, 1) + blob(98, "later"), NodeRecord(OPERATOR, CHIP)),
    ],
)
def test_a_node_that_says_less_or_more(told, read):
    assert read_node(told) == read


def test_a_node_operator():
    told = written(
        "NodeOperatorRecord",
        node_operator_principal_id=OPERATOR.raw,
        node_allowance=3,
        node_provider_principal_id=PROVIDER.raw,
        dc_id="zh1",
    )
    assert read_node_operator(told) == NodeOperatorRecord(PROVIDER, "zh1")
    assert read_node_operator(b"") == NodeOperatorRecord(None, "")


def test_a_data_center():
    told = written("DataCenterRecord", id="zh1", region="Europe,CH,Zurich", owner="Owner", gps=message("Gps"))
    assert read_data_center(told) == DataCenterRecord("Europe,CH,Zurich", "Owner")
    assert read_data_center(b"") == DataCenterRecord("", "")


def test_the_list_of_subnets():
    told = written("SubnetListRecord", subnets=[SUBNET.raw, ANNA.raw])
    assert read_subnet_list(told) == (SUBNET, ANNA)
    assert read_subnet_list(b"") == ()


def test_a_subnet():
    told = written(
        "SubnetRecord",
        membership=[ANNA.raw, BERT.raw],
        subnet_type=1,
        features=message("SubnetFeatures", http_requests=True, sev_enabled=True),
    )
    assert read_subnet(told) == SubnetRecord(frozenset({ANNA, BERT}), "application", True)


@pytest.mark.parametrize(
    ("features", "enabled"),
    [
        (None, False),
        (message("SubnetFeatures"), False),
        (message("SubnetFeatures", canister_sandboxing=True, http_requests=True), False),
        (message("SubnetFeatures", sev_enabled=False), False),
        (message("SubnetFeatures", sev_enabled=True), True),
    ],
)
def test_whether_nodes_of_a_subnet_run_as_sev_guests(features, enabled):
    assert read_subnet(written("SubnetRecord", features=features)).sev_enabled is enabled


# SubnetType of rs/protobuf, registry/subnet/v1; 3 is reserved
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (0, "unspecified"),
        (1, "application"),
        (2, "system"),
        (3, "type 3"),
        (4, "verified application"),
        (5, "cloud engine"),
        (6, "type 6"),
    ],
)
def test_what_a_subnet_is_for(kind, words):
    assert read_subnet(subnet(kind=kind) if kind else b"").subnet_type == words


TOO_LONG = b"p" * 30
LAYOUT = {
    "two chips": (read_node, blob(16, CHIP) + blob(16, CHIP)),
    "a chip that is a number": (read_node, number(16, 1)),
    "two operators": (read_node, blob(15, b"a") + blob(15, b"b")),
    "an operator that is a number": (read_node, number(15, 1)),
    "an operator that is no principal": (read_node, blob(15, TOO_LONG)),
    "two providers": (read_node_operator, blob(3, b"a") + blob(3, b"b")),
    "a provider that is no principal": (read_node_operator, blob(3, TOO_LONG)),
    "two data centers": (read_node_operator, blob(4, "a") + blob(4, "b")),
    "a data center that is no text": (read_node_operator, blob(4, b"\xff")),
    "a region that is no text": (read_data_center, blob(2, b"\xff")),
    "two regions": (read_data_center, blob(2, "a") + blob(2, "b")),
    "an owner that is a number": (read_data_center, number(3, 1)),
    "a subnet that is no principal": (read_subnet_list, blob(2, TOO_LONG)),
    "a subnet that is a number": (read_subnet_list, number(2, 1)),
    "a member that is no principal": (read_subnet, blob(3, TOO_LONG)),
    "two types": (read_subnet, number(15, 1) + number(15, 2)),
    "a type that is a text": (read_subnet, blob(15, "1")),
    "features twice": (read_subnet, blob(23, b"") + blob(23, b"")),
    "SEV twice": (read_subnet, blob(23, number(9, 0) + number(9, 1))),
    "SEV that is a text": (read_subnet, blob(23, blob(9, "1"))),
}


@pytest.mark.parametrize(("read", "told"), LAYOUT.values(), ids=LAYOUT.keys())
def test_layouts_that_are_not_known(read, told):
    with pytest.raises(LayoutError):
        read(told)


READERS = (read_node, read_node_operator, read_data_center, read_subnet_list, read_subnet)


@pytest.mark.parametrize("read", READERS)
def test_bytes_that_are_no_message(read):
    with pytest.raises(EvidenceError) as caught:
        read(b"\x7b")
    assert not isinstance(caught.value, LayoutError)


@pytest.mark.parametrize("read", READERS)
def test_a_record_that_is_larger_than_any_real_one(read):
    with pytest.raises(EvidenceError, match="too large"):
        read(data_center() + operator(), limits=replace(LIMITS, protobuf_bytes=20))


def test_features_that_are_larger_than_any_real_ones():
    with pytest.raises(EvidenceError, match="more than 3 fields"):
        read_subnet(
            blob(23, b"".join(number(one, 1) for one in (1, 2, 3, 4))),
            limits=replace(LIMITS, protobuf_fields=3),
        )


def test_keys():
    """Those of rs/registry/keys."""
    text = "2vxsx-fae"  # the anonymous principal
    one = Principal.from_text(text)
    assert node_key(one) == "node_record_2vxsx-fae"
    assert node_operator_key(one) == "node_operator_record_2vxsx-fae"
    assert subnet_key(one) == "subnet_record_2vxsx-fae"
    assert api_boundary_key(one) == "api_boundary_node_2vxsx-fae"
    assert data_center_key("zh1") == "data_center_record_zh1"
