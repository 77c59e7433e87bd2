"""Whom `chips_source` has asked about chips: which questions are put, and that a host that lies changes no answer."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, nullcontext
from dataclasses import replace

import cbor2
import pytest
from chip_world import (
    ANNA,
    BERT,
    CARL,
    CHIP_A,
    CHIP_B,
    CHIP_D,
    CHIP_E,
    CHUNKED,
    DORA,
    EMIL,
    FRED,
    LAST,
    OPERATOR,
    OTHER_SUBNET,
    SUBNET,
    node,
    subnet,
    world,
)
from ic.registry.writing import blob, number
from practice_hosts import without_proxies
from registry_world import ROOT_KEY, Host, serving, write

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.registry_sync import sync_registry
from auditkit.ic import Principal, parse_request
from auditkit.ic.registry import chips_of_nodes, get_value_argument, read_get_value_argument
from auditkit.limits import LIMITS
from auditkit.pipeline import Parameters
from auditkit.pipeline.sources import chips as chip_sources
from auditkit.pipeline.sources.chips import chip_answers, verified_answer
from auditkit.practice.nns.answers import HttpAnswer
from auditkit.practice.nns.keys import KeyPair
from auditkit.progress import Silent
from auditkit.trust import trust_named

COMMIT = "a" * 40


class Node(Host):
    """A host that remembers what it was asked, and may lie.

    Attributes:
        called: the keys that it gave certified answers about.
        queried: the key of the query that it is about to answer.
        takes_for: makes another question of the argument of a certified one.
        spoils: makes the body of a certified answer that is sent of the honest one.
        listed: its list of nodes.
    """

    __slots__ = ("called", "listed", "queried", "spoils", "takes_for")

    def __init__(self) -> None:
        super().__init__(world())
        self.called: list[str] = []
        self.queried = ""
        self.takes_for = self.spoils = lambda given: given
        self.listed: object = []

    def call(self, version, canister, body, place=None) -> HttpAnswer:
        content = dict(cbor2.loads(body)["content"])
        self.called.append(read_get_value_argument(content["arg"])[0])
        content["arg"] = self.takes_for(content["arg"])
        answer = super().call(version, canister, cbor2.dumps({"content": content}), place)
        return replace(answer, body=self.spoils(answer.body))

    def query(self, version, canister, body, place=None) -> HttpAnswer:
        content = cbor2.loads(body)["content"]
        if content["method_name"] == "get_value":
            self.queried = read_get_value_argument(content["arg"])[0]
        return super().query(version, canister, body, place)

    def nodes(self, place=None) -> HttpAnswer:
        return HttpAnswer(200, "application/json", json.dumps(self.listed).encode())

    def take_called(self) -> list[str]:
        called, self.called[:] = list(self.called), []
        return called


@pytest.fixture
def host():
    return Node()


@pytest.fixture
def url(host, monkeypatch):
    without_proxies(monkeypatch)
    with serving(host) as address:
        yield address


@pytest.fixture
def ask(url):
    """Asks about chips; gives what was answered. The proposal is to be had from the host too, so it is asked."""

    def run(chips_source: str, *chips: bytes, trust="practice", **more: object):
        values = {"proposal_id": 1, "base_version": COMMIT, "root_key": trust, "proposal_source": url}
        if "attested_node" in more:
            values["attestation_report"] = "report.bin"
        parameters = Parameters.from_mapping({**values, "chips_source": chips_source, **more})
        return chip_answers(
            parameters,
            trust_named(trust),
            chips or (CHIP_A,),
            now_ns=time.time_ns(),
            progress=Silent(),
        )

    return run


def found(answers, *chips: bytes):
    """The nodes of each chip, by what the answers certify."""
    verified = [verified_answer(one, root_key=ROOT_KEY, now_ns=time.time_ns())[0] for one in answers.answers]
    assert answers.registry is None
    return [one.nodes for one in chips_of_nodes(verified, chips or (CHIP_A,), as_of_ns=None).chips]


def keys(answers) -> list[str]:
    return [read_get_value_argument(parse_request(one.request).argument)[0] for one in answers.answers]


OWNERS = [f"node_operator_record_{OPERATOR}", "data_center_record_zh1"]


# hints


def test_a_node_of_a_hint_and_whose_it_is(ask, host):
    answers = ask(f"hint:{ANNA}")
    asked = [f"node_record_{ANNA}", *OWNERS, f"subnet_record_{SUBNET}"]
    assert keys(answers) == host.take_called() == asked
    ((one,),) = found(answers)
    assert (one.node, one.data_center, one.subnet) == (str(ANNA), "zh1", str(SUBNET))


def test_answers_tell_who_gave_them(ask, url):
    assert {one.origin for one in ask(f"hint:{ANNA}").answers} == {url}


def test_a_node_with_another_chip_is_asked_about_alone(ask):
    answers = ask(f"hint:{BERT}")
    assert keys(answers) == [f"node_record_{BERT}"]
    assert found(answers) == [()]


@pytest.mark.parametrize("gone", [DORA, OTHER_SUBNET])
def test_a_node_that_is_not_there_is_asked_about_alone(ask, gone):
    answers = ask(f"hint:{gone}")
    assert keys(answers) == [f"node_record_{gone}"]
    assert found(answers) == [()]


def test_nothing_is_asked_twice(ask, host):
    """Two nodes of one operator in one subnet, one of which is named twice."""
    host.registry = world(write(f"node_record_{BERT}", node(CHIP_A)))
    answers = ask(f"hint:{ANNA},{BERT},{ANNA}", attested_node=str(ANNA))
    asked = [f"node_record_{ANNA}", *OWNERS, f"subnet_record_{SUBNET}", f"node_record_{BERT}"]
    assert keys(answers) == host.take_called() == asked
    assert host.take_asked().count("get_value") == 3  # the list of subnets, and both


def test_the_node_that_was_claimed_is_asked_about_too(ask):
    answers = ask(f"hint:{ANNA}", attested_node=str(CARL))
    assert keys(answers)[-1] == f"node_record_{CARL}"


def test_a_node_without_an_operator(ask, host):
    host.registry = world(write(f"node_record_{ANNA}", node(CHIP_A, operator=None)))
    assert keys(ask(f"hint:{ANNA}")) == [f"node_record_{ANNA}", f"subnet_record_{SUBNET}"]


def test_a_boundary_node(ask):
    answers = ask(f"hint:{EMIL}", CHIP_D)
    assert keys(answers) == [f"node_record_{EMIL}", *OWNERS, f"api_boundary_node_{EMIL}"]
    ((one,),) = found(answers, CHIP_D)
    assert (one.subnet, one.api_boundary) == (None, True)


def test_a_node_whose_record_nobody_can_read_is_told(ask):
    with pytest.raises(EvidenceError, match="stands there 2 times"):
        ask(f"hint:{FRED}")


def test_a_node_whose_record_is_in_parts_is_told(ask, host):
    host.registry = world(CHUNKED)
    with pytest.raises(EvidenceError, match="larger than any real one"):
        ask(f"hint:{FRED}", CHIP_E)


def test_there_has_to_be_somebody_to_ask(ask, tmp_path):
    digits = KeyPair("somebody else").public_key_der.hex()
    with pytest.raises(SourceError, match="no host to ask about nodes") as caught:
        ask(f"hint:{ANNA}", trust=digits, proposal_source=str(tmp_path / "proposal.cbor"))
    assert (caught.value.where, "auditkit registry sync" in caught.value.hint) == ("chips_source", True)


def test_answers_under_another_root_key_are_refused(ask):
    digits = KeyPair("somebody else").public_key_der.hex()
    with pytest.raises(EvidenceError, match="an answer of the registry does not verify"):
        ask(f"hint:{ANNA}", trust=digits)


ANOTHER_KEY = get_value_argument(f"node_record_{EMIL}")
OLD_VERSION = get_value_argument(f"node_record_{BERT}", 3)  # when it had chip B


@pytest.mark.parametrize("argument", [ANOTHER_KEY, OLD_VERSION], ids=["key", "version"])
def test_a_genuine_answer_to_another_question_is_refused(ask, host, argument):
    host.takes_for = lambda _: argument
    with pytest.raises(EvidenceError):
        ask(f"hint:{BERT}", CHIP_B)


def test_a_certified_answer_that_was_changed_is_refused(ask, host):
    host.spoils = lambda body: body.replace(OPERATOR.raw, DORA.raw)
    with pytest.raises(EvidenceError, match="an answer of the registry does not verify"):
        ask(f"hint:{ANNA}")


# hosts that lie where nothing is certified: queries


def lie(**told: bytes | None):
    """Gives these values in queries for the keys that begin so, None for an absence."""

    def tamper(method: str, reply: bytes, host: Node) -> bytes:
        if method != "get_value":
            return reply
        for start, value in told.items():
            if host.queried.startswith(start):
                absent = blob(1, number(1, 1)) + number(2, LAST)
                return absent if value is None else number(2, LAST) + blob(3, value) + number(5, 1)
        return reply

    return tamper


def test_a_node_is_in_no_subnet_that_does_not_list_it(ask, host):
    """The host says that it is in the other one, whose certified record says otherwise."""
    host.tamper = lie(
        **{f"subnet_record_{SUBNET}": subnet(), f"subnet_record_{OTHER_SUBNET}": subnet(ANNA, sev=True)}
    )
    answers = ask(f"hint:{ANNA}")
    assert host.take_called()[-1] == f"subnet_record_{OTHER_SUBNET}"
    assert keys(answers) == [f"node_record_{ANNA}", *OWNERS]
    ((one,),) = found(answers)
    assert (one.subnet, one.sev_enabled) == (None, None)


@pytest.mark.parametrize("told", [None, b""])
def test_a_host_that_hides_the_subnets_leaves_the_node_without_one(ask, host, told):
    host.tamper = lie(subnet_list=told)
    answers = ask(f"hint:{ANNA}")
    assert keys(answers) == [f"node_record_{ANNA}", *OWNERS]
    assert found(answers)[0][0].subnet is None


def test_a_host_that_invents_subnets_is_asked_about_so_many_of_them(ask, host, monkeypatch):
    monkeypatch.setattr(chip_sources, "LIMITS", replace(LIMITS, subnets=5))
    invented = b"".join(blob(2, bytes([place]) * 20) for place in range(200))
    host.tamper = lie(subnet_list=invented)
    assert found(ask(f"hint:{ANNA}"))[0][0].subnet is None
    assert host.take_asked().count("get_value") == 1 + 5 + 1


@pytest.mark.parametrize(
    ("told", "boundary"), [(None, False), (b"", True), (blob(1, "x"), True)], ids=["hidden", "empty", "told"]
)
def test_whether_it_is_a_boundary_node_is_certified(ask, host, told, boundary):
    host.tamper = lie(api_boundary_node=told)
    assert found(ask(f"hint:{EMIL}", CHIP_D), CHIP_D)[0][0].api_boundary is boundary


def test_a_node_is_no_boundary_node_because_a_host_says_so(ask, host):
    host.registry = world(write(f"subnet_record_{SUBNET}", subnet(BERT)))
    host.tamper = lie(api_boundary_node=b"")
    answers = ask(f"hint:{ANNA}")
    assert keys(answers)[-1] == f"api_boundary_node_{ANNA}"
    assert found(answers)[0][0].api_boundary is False


@pytest.mark.parametrize(
    ("key", "subnet_found"),
    [
        ("subnet_list", None),
        (f"subnet_record_{SUBNET}", None),
        (f"subnet_record_{OTHER_SUBNET}", str(SUBNET)),
    ],
)
def test_what_a_host_answers_with_rubbish_is_left_out(ask, host, key, subnet_found):
    host.tamper = lie(**{key: b"\x7b"})
    assert found(ask(f"hint:{ANNA}"))[0][0].subnet == subnet_found


@pytest.mark.parametrize("key", ["subnet_list", f"subnet_record_{SUBNET}"])
def test_where_one_host_answers_with_rubbish_another_is_asked(host, url, key, monkeypatch):
    rubbish = Node()
    rubbish.tamper = lie(**{key: b"\x7b"})
    with serving(rubbish) as other:
        monkeypatch.setattr(chip_sources, "asked_hosts", lambda *_: nullcontext(((other, url), None)))
        values = {"proposal_id": 1, "base_version": COMMIT, "root_key": "practice", "proposal_source": url}
        parameters = Parameters.from_mapping({**values, "chips_source": f"hint:{ANNA}"})
        answers = chip_answers(
            parameters, trust_named("practice"), (CHIP_A,), now_ns=time.time_ns(), progress=Silent()
        )
    assert found(answers)[0][0].subnet == str(SUBNET)


def test_an_operator_whose_record_nobody_can_read(ask, host):
    host.registry = world(write(f"node_operator_record_{OPERATOR}", blob(3, b"\xff" * 40)))
    answers = ask(f"hint:{ANNA}")
    assert keys(answers) == [f"node_record_{ANNA}", OWNERS[0], f"subnet_record_{SUBNET}"]
    assert (found(answers)[0][0].operator, found(answers)[0][0].provider) == (str(OPERATOR), None)


# lists


def listed(*nodes, **chips: bytes) -> list[dict[str, str]]:
    return [{"node_id": str(one)} for one in nodes] + [
        {"node_id": name, "chip_id": chip.hex()} for name, chip in chips.items()
    ]


@pytest.fixture
def written(tmp_path):
    def run(value: object) -> str:
        (tmp_path / "nodes.json").write_text(json.dumps(value))
        return str(tmp_path / "nodes.json")

    return run


def test_of_a_list_without_chips_each_node_is_queried_and_few_are_asked(ask, host, written):
    answers = ask(written(listed(EMIL, CARL, DORA, ANNA, BERT)), CHIP_A, CHIP_B)
    nodes = [one for one in keys(answers) if one.startswith("node_record_")]
    assert nodes == [f"node_record_{CARL}", f"node_record_{ANNA}"]
    assert [[one.node for one in nodes] for nodes in found(answers, CHIP_A, CHIP_B)] == [
        [str(ANNA)],
        [str(CARL)],
    ]
    assert host.take_asked().count("get_value") == 5 + 3  # each node, and the subnets


def test_of_a_list_with_chips_no_node_is_queried(ask, host, written):
    answers = ask(written(listed(EMIL, **{str(ANNA): CHIP_A, str(BERT): CHIP_D})))
    assert keys(answers)[0] == f"node_record_{ANNA}"
    assert host.take_asked().count("get_value") == 3


def test_a_node_of_a_list_whose_record_nobody_can_read_is_left_out(ask, written):
    assert found(ask(written(listed(FRED, ANNA))))[0][0].node == str(ANNA)


def test_a_list_may_be_at_an_address(ask, host, url):
    host.listed = {"nodes": listed(ANNA, BERT)}
    assert found(ask(f"{url}/api/v3/nodes"))[0][0].node == str(ANNA)


def test_a_list_that_lies_changes_no_answer(ask, written):
    """It gives chip A to another node, and to one that there is not."""
    answers = ask(written(listed(**{str(BERT): CHIP_A, str(DORA): CHIP_A})))
    assert keys(answers) == [f"node_record_{BERT}", f"node_record_{DORA}"]
    assert found(answers) == [()]


def test_a_host_that_lies_about_the_nodes_of_a_list_changes_no_answer(ask, host, written):
    host.tamper = lie(**{f"node_record_{BERT}": node(CHIP_A), f"node_record_{ANNA}": node(CHIP_B)})
    answers = ask(written(listed(ANNA, BERT)))
    assert keys(answers) == [f"node_record_{BERT}"]
    assert found(answers) == [()]


def test_a_list_without_the_node_finds_nothing(ask, written):
    answers = ask(written(listed(BERT, CARL)))
    assert (answers.answers, found(answers)) == ((), [()])


def test_a_list_that_gives_the_chips_to_too_many_nodes_is_refused(ask, host, written):
    named = {str(Principal(bytes([place]))): CHIP_A for place in range(65)}
    with pytest.raises(EvidenceError, match="gives the chips to 65 nodes") as caught:
        ask(written(listed(**named)))
    assert caught.value.expected == "at most 64"
    assert host.take_called() == []


def test_what_is_no_list_is_refused(ask, tmp_path):
    (tmp_path / "nodes.json").write_text("<html>")
    with pytest.raises(EvidenceError, match="not JSON") as caught:
        ask(str(tmp_path / "nodes.json"))
    assert caught.value.where == "chips_source, file nodes.json"


def test_a_list_that_is_too_large_is_refused(ask, written, monkeypatch):
    monkeypatch.setattr(chip_sources, "LIMITS", replace(LIMITS, node_list_bytes=20))
    with pytest.raises((EvidenceError, SourceError)):
        ask(written(listed(ANNA)))


@pytest.mark.parametrize("name", ["nowhere", "nowhere/nodes.json"])
def test_a_place_where_nothing_is_is_told(ask, tmp_path, name):
    with pytest.raises(SourceError, match="no such file"):
        ask(str(tmp_path / name))


def test_a_scenario_that_there_is_not_is_the_users_mistake(ask):
    with pytest.raises(ParameterError):
        ask("practice:nowhere")


# synced registries


@pytest.fixture
def folder(url, tmp_path):
    sync_registry(tmp_path / "registry", [url], ROOT_KEY)
    return tmp_path / "registry"


def test_a_synced_registry_answers_alone(ask, host, folder):
    host.take_asked()
    answers = ask(str(folder), CHIP_A, CHIP_E, attested_node=str(CARL))
    assert answers.answers == ()
    assert (answers.registry.source, answers.registry.version) == ("registry", LAST)
    assert [len(one.nodes) for one in answers.registry.chips] == [1, 0]
    assert (answers.registry.claimed.node, answers.registry.claimed.chip) == (str(CARL), "b2" * 64)
    assert (host.take_asked(), host.take_called()) == ([], [])


def test_a_synced_registry_is_verified_whole(ask, folder):
    with closing(sqlite3.connect(folder / "registry.sqlite")) as connection, connection:
        connection.execute("UPDATE node_chip SET chip = ? WHERE version = 2", (CHIP_E,))
    with pytest.raises(EvidenceError, match="another chip for a node than the answer certifies"):
        ask(str(folder))


def test_a_registry_of_another_network_is_refused(ask, folder):
    with pytest.raises(SourceError, match="another root key"):
        ask(str(folder), trust=KeyPair("somebody else").public_key_der.hex())


def test_a_folder_without_a_registry_is_told(ask, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="there is no registry here"):
        ask(str(tmp_path / "empty"))


def test_a_sync_that_was_not_finished_is_told(ask, host, url, tmp_path):
    host.most_versions = 5
    with pytest.raises(SourceError):
        sync_registry(tmp_path / "part", [url], ROOT_KEY, limits=replace(LIMITS, registry_answers=1))
    with pytest.raises(SourceError, match="was not finished"):
        ask(str(tmp_path / "part"))
