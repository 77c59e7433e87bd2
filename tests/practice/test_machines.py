"""The machines of the practice registry, read by Google's `protobuf`: who runs which chip where, and since when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest
import requests
from practice.asking import certified, changes, place, queried, question
from practice.messages import parse, unknown

from auditkit import practice
from auditkit.ic import Principal
from auditkit.practice.nns.registry import registry_history
from auditkit.practice.nns.registry.machines import principal_of
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, ChipsSay

QUIET, LATEST = 2_000, 2_022
PROPOSED_NS = 1_790_000_000 * 10**9
CHIPS = [hashlib.shake_256(b"auditkit practice chip %d" % number).digest(64) for number in (1, 2)]
TYPES = {
    "node_record_": "NodeRecord",
    "node_operator_record_": "NodeOperatorRecord",
    "data_center_record_": "DataCenterRecord",
    "subnet_record_": "SubnetRecord",
    "api_boundary_node_": "ApiBoundaryNodeRecord",
}


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


@dataclass
class Registry:
    """A registry as whoever replays it has it.

    Attributes:
        live: the records that there are, by the name of their kind and what follows it in their key.
        told: each version in which a node told a chip, with the node.
        gone: the nodes that are there no more.
    """

    live: dict[str, dict[str, object]]
    told: list[tuple[int, str, bytes]]
    gone: set[str]

    def nodes_of(self, chip: bytes) -> list[str]:
        return [name for name, node in self.live["node_record_"].items() if node.chip_id == chip]

    def subnet_of(self, node: str) -> str | None:
        raw = Principal.from_text(node).raw
        found = [name for name, one in self.live["subnet_record_"].items() if raw in one.membership]
        return found[0] if found else None

    def without_chip(self) -> list[str]:
        return [name for name, node in self.live["node_record_"].items() if not node.HasField("chip_id")]


def replayed(found: dict[int, object]) -> Registry:
    registry = Registry({kind: {} for kind in TYPES}, [], set())
    for version, change in found.items():
        for one in change.mutations:
            key = one.key.decode()
            kind = next((kind for kind in TYPES if key.startswith(kind)), None)
            if kind is None:
                continue
            name = key.removeprefix(kind)
            if one.mutation_type == 2:
                del registry.live[kind][name]
                registry.gone.add(name)
                continue
            record = registry.live[kind][name] = parse(TYPES[kind], one.value)
            assert unknown(record) == []
            if kind == "node_record_" and record.HasField("chip_id"):
                registry.told.append((version, name, record.chip_id))
    return registry


@pytest.fixture(scope="module")
def registry(network):
    return replayed(changes(network.url, QUIET)[1])


def said(chips: ChipsSay) -> Registry:
    history = registry_history("http://127.0.0.1", chips=chips)
    return replayed({one.number: parse("AtomicMutateRequest", one.encoded()) for one in history.versions})


def test_there_are_twelve_nodes_of_four_providers_in_four_data_centers(registry):
    operators = registry.live["node_operator_record_"]
    assert len(registry.live["node_record_"]) == 12
    assert len({one.node_provider_principal_id for one in operators.values()}) == len(operators) == 4
    assert sorted(one.dc_id for one in operators.values()) == sorted(registry.live["data_center_record_"])
    regions = {one.region for one in registry.live["data_center_record_"].values()}
    assert regions == {
        "Europe,CH,Zurich",
        "Europe,SI,Ljubljana",
        "Asia,JP,Tokyo",
        "North America,US,California",
    }


def test_a_record_names_what_its_key_names(registry):
    for name, operator in registry.live["node_operator_record_"].items():
        assert str(Principal(operator.node_operator_principal_id)) == name
    for name, center in registry.live["data_center_record_"].items():
        assert center.id == name
        assert (center.gps.latitude, center.gps.longitude) != (0, 0)


def test_each_node_has_an_operator_and_each_operator_a_data_center(registry):
    for node in registry.live["node_record_"].values():
        operator = registry.live["node_operator_record_"][str(Principal(node.node_operator_id))]
        assert operator.dc_id in registry.live["data_center_record_"]
        assert [one.key for one in operator.rewardable_nodes] == ["type3.1"]


def test_principals_are_self_authenticating(registry):
    names = [*registry.live["node_record_"], *registry.live["node_operator_record_"]]
    principals = [Principal.from_text(name).raw for name in names]
    assert {(len(raw), raw[-1]) for raw in principals} == {(29, 2)}
    assert len(set(principals)) == len(principals)


def test_a_principal_follows_from_its_key():
    """OpenSSL made the public key of the secret SHA-256("auditkit practice key: node 1"), and its SHA-224."""
    assert str(principal_of("node 1")) == "gkqut-cpdlt-ojiq6-6o3wb-wtjji-4gmbg-75adx-t6qrs-k6axf-7v7qg-kqe"


def test_nodes_tell_what_real_ones_tell(registry):
    for node in registry.live["node_record_"].values():
        assert (node.xnet.port, node.http.port) == (2497, 8080)
        assert node.http.ip_addr.startswith("2001:db8::")
        assert len(node.hostos_version_id) == 40
        assert node.node_reward_type == 5
        assert len(node.chip_id) == (64 if node.HasField("chip_id") else 0)


def test_some_nodes_tell_no_chip_and_some_are_in_no_subnet(registry):
    assert len(registry.without_chip()) == 6
    alone = [name for name in registry.live["node_record_"] if registry.subnet_of(name) is None]
    assert len(alone) == 2
    (boundary,) = registry.live["api_boundary_node_"]
    assert boundary in alone
    assert registry.live["api_boundary_node_"][boundary].version == OTHER_COMMIT
    assert registry.live["node_record_"][boundary].domain == "boundary.practice.example"


def test_the_list_of_subnets_names_each_subnet(network, registry):
    listed = parse("SubnetListRecord", certified(network.url, question(b"subnet_list")).value).subnets
    assert {str(Principal(raw)) for raw in listed} == set(registry.live["subnet_record_"])
    kinds = sorted((one.subnet_type, len(one.membership)) for one in registry.live["subnet_record_"].values())
    assert kinds == [(1, 2), (1, 4), (2, 4)]


def test_a_member_is_a_node_and_of_one_subnet(registry):
    members = [raw for one in registry.live["subnet_record_"].values() for raw in one.membership]
    assert len(set(members)) == len(members) == 10
    assert {str(Principal(raw)) for raw in members} <= set(registry.live["node_record_"])


def test_one_subnet_runs_confidential_guests_of_the_base_release(registry):
    subnets = registry.live["subnet_record_"].values()
    confidential = [one for one in subnets if one.features.sev_enabled]
    assert [one.replica_version_id for one in confidential] == [BASE_COMMIT]
    assert {one.replica_version_id for one in subnets if one not in confidential} == {OTHER_COMMIT}
    assert sorted(one.features.HasField("sev_enabled") for one in subnets) == [False, True, True]


@pytest.mark.parametrize("chips", ChipsSay, ids=lambda one: one.name)
def test_all_happens_before_recoveries_are_proposed(chips):
    times = [one.timestamp_ns for one in registry_history("", chips=chips).versions]
    assert times == sorted(times)
    assert times[-1] < PROPOSED_NS


# what is said of the two chips that recoveries name


def test_one_subnet(registry):
    (first,), (second,) = (registry.nodes_of(chip) for chip in CHIPS)
    subnet = registry.subnet_of(first)
    assert subnet == registry.subnet_of(second)
    assert registry.live["subnet_record_"][subnet].features.sev_enabled
    operators = [registry.live["node_record_"][node].node_operator_id for node in (first, second)]
    providers = {
        registry.live["node_operator_record_"][str(Principal(one))].node_provider_principal_id
        for one in operators
    }
    assert len(providers) == 2


def test_two_nodes():
    registry = said(ChipsSay.TWO_NODES)
    one, other = registry.nodes_of(CHIPS[0])
    assert [registry.subnet_of(one) is None, registry.subnet_of(other) is None] == [False, True]
    nodes = registry.live["node_record_"]
    assert nodes[one].node_operator_id == nodes[other].node_operator_id
    assert len(registry.nodes_of(CHIPS[1])) == 1


def test_nobody():
    registry = said(ChipsSay.NOBODY)
    assert registry.without_chip() == []
    assert [len(registry.nodes_of(chip)) for chip in CHIPS] == [1, 0]
    assert CHIPS[1] not in {chip for _, _, chip in registry.told}
    told = [chip for _, _, chip in registry.told]
    assert len(set(told)) == len(told) == 12


def test_not_told():
    registry = said(ChipsSay.NOT_TOLD)
    assert len(registry.without_chip()) == 7
    assert [len(registry.nodes_of(chip)) for chip in CHIPS] == [1, 0]
    assert CHIPS[1] not in {chip for _, _, chip in registry.told}


def test_two_subnets():
    registry = said(ChipsSay.TWO_SUBNETS)
    (first,), (second,) = (registry.nodes_of(chip) for chip in CHIPS)
    subnets = registry.subnet_of(first), registry.subnet_of(second)
    assert len(set(subnets)) == 2
    assert None not in subnets


def test_moved():
    registry = said(ChipsSay.MOVED)
    (first,), (second,) = (registry.nodes_of(chip) for chip in CHIPS)
    (before, then), (after, now) = (
        (version, node) for version, node, chip in registry.told if chip == CHIPS[1]
    )
    assert before < after
    assert (registry.gone & {then, now}, now) == ({then}, second)
    assert registry.subnet_of(then) is None
    assert registry.subnet_of(now) == registry.subnet_of(first)


def test_was_there():
    registry = said(ChipsSay.WAS_THERE)
    assert registry.nodes_of(CHIPS[1]) == []
    ((_, node),) = ((version, node) for version, node, chip in registry.told if chip == CHIPS[1])
    assert node in registry.gone
    assert registry.subnet_of(node) is None


def test_only_what_is_said_of_chips_is_different():
    """All else, such as what is elected, is the same at the address of each scenario."""
    plain = {one.number: one.mutations for one in registry_history("").versions}
    for chips in ChipsSay:
        for version in registry_history("", chips=chips).versions:
            if version.number <= LATEST:
                assert [one.key for one in version.mutations] == [one.key for one in plain[version.number]]
                for one, other in zip(version.mutations, plain[version.number], strict=True):
                    assert one == other or one.key.startswith((b"node_record_", b"subnet_record_"))
            else:
                assert version.mutations[0].key.startswith((b"node_record_", b"subnet_record_"))


# other ways to ask


def test_a_plain_query_gives_the_same_node(network, registry):
    key = f"node_record_{next(iter(registry.live['node_record_']))}".encode()
    with requests.Session() as session:
        session.trust_env = False
        reply = parse("GetValueResponse", queried(session, network.url, "get_value", question(key)))
    assert reply == certified(network.url, question(key))


def listed(url: str) -> dict[str, dict[str, object]]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{url}/api/v3/nodes")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    return {one["node_id"]: one for one in answer.json()["nodes"]}


def test_the_public_list_agrees_with_the_registry_and_tells_no_chip(network, registry):
    found = listed(network.url)
    assert set(found) == set(registry.live["node_record_"])
    for name, one in found.items():
        node = registry.live["node_record_"][name]
        operator = registry.live["node_operator_record_"][str(Principal(node.node_operator_id))]
        center = registry.live["data_center_record_"][operator.dc_id]
        assert one["subnet_id"] == registry.subnet_of(name)
        assert one["node_operator_id"] == str(Principal(operator.node_operator_principal_id))
        assert one["node_provider_id"] == str(Principal(operator.node_provider_principal_id))
        assert (one["dc_id"], one["region"], one["owner"]) == (center.id, center.region, center.owner)
        assert not [name for name in one if "chip" in name]
    kinds = sorted((one["node_type"], one["status"]) for one in found.values())
    assert kinds == [("API_BOUNDARY", "UP"), *[("REPLICA", "UNASSIGNED")], *[("REPLICA", "UP")] * 10]


def test_the_public_list_of_no_scenario(network):
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{place(network, 'no-such')}/api/v3/nodes").status_code == 404
        assert session.get(f"{network.url}/api/v3/nodes/x").status_code == 404
