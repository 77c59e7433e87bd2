"""Whose chips, by a synced registry: when which node had one, at any version, and what becomes of a doctored index."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from chip_world import (
    ANNA,
    BERT,
    CARL,
    CHIP_A,
    CHIP_B,
    CHIP_C,
    CHIP_D,
    CHIP_E,
    CHUNKED,
    DORA,
    EMIL,
    FRED,
    LAST,
    NOBODY,
    OPERATOR,
    OTHER_OPERATOR,
    OTHER_SUBNET,
    PROVIDER,
    SUBNET,
    made,
    node,
    subnet,
    world,
)
from ic.registry.writing import blob, number
from practice_hosts import without_proxies
from registry_world import MADE_NS, ROOT_KEY, Host, delete, history, serving, write

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.registry_sync import (
    NodeCounts,
    chips_in_registry,
    open_registry,
    sync_registry,
    verify_folder,
)
from auditkit.ic.registry import (
    BatchDigest,
    ChipHistory,
    ChipNode,
    ClaimedNode,
    FormerNode,
)
from auditkit.limits import LIMITS
from auditkit.practice.nns.registry import History, Version


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The small registry in three answers of four versions; a sync once for all tests."""
    folder = tmp_path_factory.mktemp("chips") / "registry"
    with serving(Host(world(), most=4)) as url, pytest.MonkeyPatch.context() as patched:
        without_proxies(patched)
        sync_registry(folder, [url], ROOT_KEY)
    return folder


@pytest.fixture
def synced(kept, folder):
    shutil.copytree(kept, folder)
    return folder


@pytest.fixture
def opened(synced):
    with open_registry(synced, ROOT_KEY, verify=True) as registry:
        yield registry


@pytest.fixture
def change(synced):
    """Changes the store as somebody could who has the file."""

    def run(statement: str, *values: object) -> None:
        with closing(sqlite3.connect(synced / "registry.sqlite")) as connection, connection:
            assert connection.execute(statement, values).rowcount > 0

    return run


def key(one) -> bytes:
    return f"node_record_{one}".encode()


# chip and version: node, since, until, whether it was removed
SPELLS = {
    (CHIP_A, None): {(ANNA, 2, None, False), (DORA, 6, 8, True)},
    (CHIP_A, 8): {(ANNA, 2, None, False), (DORA, 6, 8, True)},
    (CHIP_A, 7): {(ANNA, 2, None, False), (DORA, 6, None, False)},
    (CHIP_A, 5): {(ANNA, 2, None, False)},
    (CHIP_A, 1): set(),
    (CHIP_B, None): {(BERT, 3, 7, False), (CARL, 9, None, False)},
    (CHIP_B, 8): {(BERT, 3, 7, False)},
    (CHIP_B, 6): {(BERT, 3, None, False)},
    (CHIP_C, None): {(BERT, 7, None, False)},
    (CHIP_C, 6): set(),
    (CHIP_E, None): set(),
    (CHIP_A[:-1], None): set(),
    (b"", None): set(),  # though there is a record whose chip nobody can read
}


@pytest.mark.parametrize(("asked", "told"), SPELLS.items(), ids=lambda one: str(one)[:12])
def test_when_nodes_had_a_chip(opened, asked, told):
    found = {(one.key, one.since, one.until, one.removed) for one in opened.spells_of(*asked)}
    assert found == {(key(one), *rest) for one, *rest in told}


def test_a_spell_tells_when_it_began_and_ended(opened):
    (spell,) = [one for one in opened.spells_of(CHIP_B) if one.until is not None]
    assert (spell.since_ns, spell.until_ns) == (MADE_NS + 3 * 10**9, MADE_NS + 7 * 10**9)


def test_a_node_may_have_a_chip_twice(sync, host, folder):
    name = f"node_record_{ANNA}"
    host.registry = history(
        write(name, node(CHIP_A)),
        write(name, node(CHIP_B)),
        write(name, node(CHIP_A)),
        delete(name),
        write(name, node(CHIP_A)),
    )
    sync()
    with open_registry(folder, ROOT_KEY) as opened:
        found = [(one.since, one.until, one.removed) for one in opened.spells_of(CHIP_A)]
    assert found == [(1, 2, False), (3, 4, True), (5, None, False)]


def test_of_two_changes_in_one_version_the_last_one_counts(sync, host, folder):
    name = f"node_record_{ANNA}"
    host.registry = history([write(name, node(CHIP_A)), write(name, node(CHIP_B))])
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        assert opened.spells_of(CHIP_A) == ()
        assert [one.since for one in opened.spells_of(CHIP_B)] == [1]


@pytest.mark.parametrize(
    ("start", "most", "found"),
    [
        (b"\xa1" * 4, 9, (CHIP_A, CHIP_C)),
        (b"\xa1" * 4, 1, (CHIP_A,)),
        (b"\xa1" * 61, 9, (CHIP_A,)),
        (CHIP_C, 9, (CHIP_C,)),
        (b"\xb2", 9, (CHIP_B,)),
        (b"\xff" * 4, 9, (CHIP_D,)),
        (b"\xe5" * 4, 9, ()),
        (b"", 9, (CHIP_A, CHIP_C, CHIP_B, CHIP_D)),
    ],
    ids=str,
)
def test_chips_by_their_beginning(opened, start, most, found):
    assert opened.chips_beginning(start, most) == found


# version: nodes, those without a chip, unreadable records
COUNTS = {
    None: (5, 0, 1),
    11: (5, 0, 1),
    10: (4, 0, 0),
    9: (3, 0, 0),
    8: (3, 1, 0),
    7: (4, 1, 0),
    6: (4, 1, 0),
    4: (3, 1, 0),
    1: (0, 0, 0),
    0: (0, 0, 0),
}


@pytest.mark.parametrize(("at", "counted"), COUNTS.items(), ids=str)
def test_how_many_nodes_there_are(opened, at, counted):
    assert opened.node_counts(at) == NodeCounts(*counted)


@pytest.mark.parametrize("at", [LAST + 1, 1 << 62, -1])
def test_a_version_that_is_not_there_is_told(opened, at):
    for ask in (lambda: opened.spells_of(CHIP_A, at), lambda: opened.node_counts(at)):
        with pytest.raises(ParameterError, match="not in this folder"):
            ask()
    with pytest.raises(ParameterError, match="not in this folder"):
        chips_in_registry(opened, [CHIP_A], at=at)


def test_a_record_in_parts_is_one_that_nobody_can_read(sync, host, folder):
    """No real node's record is that large, and what it says is not looked for."""
    host.registry = world(CHUNKED)
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        assert opened.spells_of(CHIP_E) == ()
        assert opened.node_counts() == NodeCounts(5, 0, 2)


def test_which_answer_a_version_stands_in(sync, host, folder):
    came: list[bytes] = []
    host.registry, host.most_versions = world(), 4
    host.tamper = lambda _, reply, __: came.append(reply) or reply
    sync()
    digests = [hashlib.sha256(reply).hexdigest() for reply in came]
    with open_registry(folder, ROOT_KEY) as opened:
        told = [opened.digest_of_answer(version) for version in (1, 4, 5, 12)]
    assert told == [
        BatchDigest(1, 4, digests[0]),
        BatchDigest(1, 4, digests[0]),
        BatchDigest(5, 8, digests[1]),
        BatchDigest(9, 12, digests[2]),
    ]


def test_when_a_version_was_no_longer_the_newest(opened):
    assert opened.ended_ns(2) == MADE_NS + 3 * 10**9
    assert opened.ended_ns(0) == MADE_NS + 1 * 10**9
    assert opened.ended_ns(LAST) == opened.standing.as_of_ns
    with pytest.raises(ParameterError, match="not in this folder"):
        opened.ended_ns(LAST + 1)


def test_when_the_registry_did_not_keep_the_time_nobody_can_tell(sync, host, folder):
    versions = world().versions
    host.registry = History((*versions[:1], Version(2, 0, versions[1].mutations), *versions[2:]))
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        assert opened.ended_ns(1) is None
        (one,) = chips_in_registry(opened, [CHIP_A]).chips[0].nodes
    assert (one.since, one.since_time) == (2, None)


# what is said of chips

CHIP_A_NOW = ChipHistory(
    "a1" * 64,
    (
        ChipNode(
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
            since=2,
            since_time=made(2),
        ),
    ),
    (FormerNode(str(DORA), 6, 8, made(8), removed=True),),
)


@pytest.mark.parametrize("prove", [False, True])
def test_all_that_is_said_of_a_chip(opened, prove):
    found = chips_in_registry(opened, [CHIP_A, CHIP_E], prove=prove)
    assert found.chips == (CHIP_A_NOW, ChipHistory("e5" * 64, (), ()))
    assert (found.source, found.version) == ("registry", 12)
    assert (found.nodes, found.without_chip, found.unreadable) == (5, 0, 1)
    assert found.claimed is None
    # version 1: operator and data center; 5: the subnet; 12: the node
    assert [(one.first, one.last) for one in found.batches] == [(1, 4), (5, 8), (9, 12)]


def test_when_it_was_signed_is_told(opened):
    then = datetime.fromtimestamp(opened.standing.as_of_ns // 10**9, UTC)
    assert chips_in_registry(opened, [CHIP_A]).as_of == then.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_chip_as_it_was_at_a_version(opened):
    found = chips_in_registry(opened, [CHIP_A, CHIP_B], at=6)
    (first, second), (only,) = (one.nodes for one in found.chips)
    assert found.version == 6
    assert (first.node, first.since, second.node, second.since) == (str(ANNA), 2, str(DORA), 6)
    assert (second.operator, second.provider, second.data_center) == (str(OTHER_OPERATOR), None, None)
    assert (second.region, second.owner) == (None, None)
    assert (second.subnet, second.subnet_type, second.sev_enabled) == (None, None, None)
    assert (only.node, only.since) == (str(BERT), 3)
    assert [one.former for one in found.chips] == [(), ()]


def test_nodes_of_one_chip_are_told_from_the_oldest_on(sync, host, folder):
    host.registry = history(
        write(f"node_record_{DORA}", node(CHIP_A)), write(f"node_record_{ANNA}", node(CHIP_A))
    )
    sync()
    with open_registry(folder, ROOT_KEY) as opened:
        (one,) = chips_in_registry(opened, [CHIP_A]).chips
    assert [found.node for found in one.nodes] == [str(DORA), str(ANNA)]


def test_a_node_that_has_another_chip_since(opened):
    (chip,) = chips_in_registry(opened, [CHIP_B]).chips
    assert chip.former == (FormerNode(str(BERT), 3, 7, made(7), removed=False),)
    (now,) = chip.nodes
    assert (now.node, now.operator, now.subnet) == (str(CARL), str(OPERATOR), str(OTHER_SUBNET))
    assert (now.subnet_type, now.sev_enabled) == ("system", False)


def test_a_boundary_node(opened):
    (now,) = chips_in_registry(opened, [CHIP_D]).chips[0].nodes
    assert (now.node, now.subnet, now.api_boundary) == (str(EMIL), None, True)


@pytest.mark.parametrize(
    ("claimed", "at", "told"),
    [
        (ANNA, None, (True, "a1" * 64)),
        (BERT, 6, (True, "b2" * 64)),
        (CARL, 8, (True, None)),
        (DORA, None, (False, "a1" * 64, 8)),
        (DORA, 7, (True, "a1" * 64)),
        (DORA, 5, (False, None)),
        (NOBODY, None, (False, None)),
    ],
)
def test_the_node_that_was_claimed(opened, claimed, at, told):
    found = chips_in_registry(opened, [CHIP_A], claimed=claimed, at=at)
    assert found.claimed == ClaimedNode(str(claimed), *told)


def test_a_claimed_node_that_was_removed_before_its_record_was_written_again_and_removed(sync, host, folder):
    host.registry = world(
        write(f"node_record_{DORA}", node(CHIP_B)),
        delete(f"node_record_{DORA}"),
        write(f"node_record_{NOBODY}", node(CHIP_E)),
    )
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        assert chips_in_registry(opened, [CHIP_A], claimed=DORA, at=13).claimed == ClaimedNode(
            str(DORA), True, "b2" * 64
        )
        found = chips_in_registry(opened, [CHIP_A], claimed=DORA, prove=True).claimed
        assert found == ClaimedNode(str(DORA), False, "b2" * 64, 14)


def test_a_claimed_node_whose_record_nobody_can_read_is_told(opened):
    with pytest.raises(EvidenceError, match="stands there 2 times"):
        chips_in_registry(opened, [CHIP_A], claimed=FRED)


def test_a_subnet_that_cannot_be_read_is_the_subnet_of_nobody(sync, host, folder):
    strange = number(15, 1) + number(15, 2)
    host.registry = world(
        write(f"subnet_record_{SUBNET}", strange + subnet(ANNA)),
        write(f"subnet_record_{OTHER_SUBNET}", strange + subnet(CARL)),
    )
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        (only,) = chips_in_registry(opened, [CHIP_A]).chips[0].nodes
        (boundary,) = chips_in_registry(opened, [CHIP_D]).chips[0].nodes
    assert (only.subnet, only.subnet_type, only.sev_enabled) == (None, None, None)
    assert boundary.subnet is None


def test_a_subnet_whose_key_holds_no_principal_is_passed_over(sync, host, folder):
    host.registry = world(write("subnet_record_0", subnet(ANNA)))
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        assert chips_in_registry(opened, [CHIP_A]).chips == (CHIP_A_NOW,)


UNREAD = {
    f"node_operator_record_{OPERATOR}": {
        "provider": None,
        "data_center": None,
        "region": None,
        "owner": None,
    },
    "data_center_record_zh1": {"region": None, "owner": None},
}


@pytest.mark.parametrize(("name", "left"), UNREAD.items(), ids=UNREAD.keys())
def test_a_record_that_cannot_be_read_leaves_out_what_it_would_say(sync, host, folder, name, left):
    host.registry = world(write(name, blob(2, b"\xff") + blob(3, b"\xff" * 40)))
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        (only,) = chips_in_registry(opened, [CHIP_A]).chips[0].nodes
    assert only == replace(CHIP_A_NOW.nodes[0], **left)


def test_a_node_whose_bytes_stand_elsewhere_in_a_subnet_is_no_member(sync, host, folder):
    host.registry = world(write(f"subnet_record_{SUBNET}", subnet(BERT) + blob(40, ANNA.raw)))
    sync()
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        assert chips_in_registry(opened, [CHIP_A]).chips[0].nodes[0].subnet is None


def test_a_node_whose_key_holds_no_principal_is_told(sync, host, folder):
    host.registry = world(write("node_record_zz", node(CHIP_E)))
    sync()
    with (
        open_registry(folder, ROOT_KEY, verify=True) as opened,
        pytest.raises(EvidenceError, match="no principal in its key"),
    ):
        chips_in_registry(opened, [CHIP_E])


def test_a_sync_that_was_not_finished_says_nothing_of_chips(sync, host, folder):
    host.registry, host.most_versions = world(), 4
    with pytest.raises(SourceError):
        sync(registry_answers=2)
    with open_registry(folder, ROOT_KEY, verify=True) as opened:
        with pytest.raises(SourceError, match="was not finished") as caught:
            chips_in_registry(opened, [CHIP_A])
        assert (caught.value.expected, caught.value.observed) == ("version 12", "version 8")
        assert "auditkit registry sync" in caught.value.hint
        assert len(opened.spells_of(CHIP_A)) == 2


def test_a_registry_of_another_network_is_refused(synced):
    with (
        pytest.raises(SourceError, match="another root key"),
        open_registry(synced, ROOT_KEY[:-1] + b"\0", verify=True),
    ):
        pass


# what somebody changed who has the file

OF_ANNA = "record = (SELECT id FROM record WHERE key = ?1)"
CHIP_OTHER = "another chip for a node"
DOCTORED = {
    "another chip": (f"UPDATE node_chip SET chip = zeroblob(64) WHERE {OF_ANNA}", CHIP_OTHER),
    "no chip": (f"UPDATE node_chip SET chip = NULL WHERE {OF_ANNA}", CHIP_OTHER),
    "an unreadable one": (f"UPDATE node_chip SET chip = X'' WHERE {OF_ANNA}", CHIP_OTHER),
    "a chip that is a text": (f"UPDATE node_chip SET chip = 'x' WHERE {OF_ANNA}", CHIP_OTHER),
    "left out": (f"DELETE FROM node_chip WHERE {OF_ANNA} AND version = 2", CHIP_OTHER),
    "the last one left out": (f"DELETE FROM node_chip WHERE {OF_ANNA} AND version = 12", CHIP_OTHER),
    "at another version": (f"UPDATE node_chip SET version = 1 WHERE {OF_ANNA} AND version = 2", CHIP_OTHER),
    "of another record": (
        f"UPDATE node_chip SET record = 1 WHERE {OF_ANNA} AND version = 2",
        CHIP_OTHER,
    ),
    "of no record": (f"UPDATE node_chip SET record = 99 WHERE {OF_ANNA} AND version = 2", CHIP_OTHER),
    "one more": (
        "INSERT INTO node_chip SELECT id, 12, zeroblob(64) FROM record WHERE key = ?1",
        "no answer certifies",
    ),
}


@pytest.mark.parametrize(("statement", "told"), DOCTORED.values(), ids=DOCTORED.keys())
def test_a_doctored_index_of_chips_is_refused(synced, change, statement, told):
    change(statement, key(ANNA))
    with pytest.raises(EvidenceError, match=told), open_registry(synced, ROOT_KEY, verify=True):
        pass
    with pytest.raises(EvidenceError, match=told):
        verify_folder(synced, ROOT_KEY)


def test_a_removal_that_somebody_gives_a_chip_is_refused(synced, change):
    change("INSERT INTO node_chip SELECT id, 8, zeroblob(64) FROM record WHERE key = ?", key(DORA))
    with pytest.raises(EvidenceError), open_registry(synced, ROOT_KEY, verify=True):
        pass


def test_without_verification_the_index_is_believed_and_a_proof_finds_a_record_that_is_another(
    synced, change
):
    """The owner of a node, as nobody certified it."""
    path = synced / "registry.sqlite"
    data = path.read_bytes()
    assert data.count(OPERATOR.raw) > 1
    path.write_bytes(data.replace(OPERATOR.raw, NOBODY.raw))
    with open_registry(synced, ROOT_KEY) as opened:
        assert chips_in_registry(opened, [CHIP_A]).chips[0].nodes[0].operator == str(NOBODY)
        with pytest.raises(EvidenceError):
            chips_in_registry(opened, [CHIP_A], prove=True)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"subnets": 1}, "names more subnets than there are"),
        ({"listed_nodes": 1}, "gives a chip to more nodes than there are"),
    ],
)
def test_an_index_that_names_more_than_there_is_takes_no_memory(kept, limits, told):
    """A row of it takes a few bytes, and may name all of an answer."""
    bounds = replace(LIMITS, **limits)
    with (
        open_registry(kept, ROOT_KEY, limits=bounds) as registry,
        pytest.raises(EvidenceError, match=told),
    ):
        chips_in_registry(registry, [CHIP_A])


def test_an_index_by_which_each_subnet_is_a_whole_answer_takes_no_memory(synced, change):
    with closing(sqlite3.connect(synced / "registry.sqlite")) as connection:
        first, size = connection.execute("SELECT first, length(bytes) FROM answer ORDER BY 2 DESC").fetchone()
    for name in (b"subnet_record_a", b"subnet_record_b"):
        change("INSERT INTO record (key) VALUES (?)", name)
        change(
            "INSERT INTO change SELECT ?, id, 1, 0, ?, NULL, NULL FROM record WHERE key = ?",
            first,
            size,
            name,
        )
    bounds = replace(LIMITS, registry_value_bytes=size + 1)
    with (
        open_registry(synced, ROOT_KEY, limits=bounds) as registry,
        pytest.raises(EvidenceError, match="names more subnets than there are"),
    ):
        chips_in_registry(registry, [CHIP_A])


def test_what_is_looked_up_is_what_was_verified(synced, change):
    """Whoever writes to the file meanwhile changes nothing of it."""
    with open_registry(synced, ROOT_KEY, verify=True) as opened:
        with (
            pytest.raises(sqlite3.OperationalError, match="locked"),
            closing(sqlite3.connect(synced / "registry.sqlite", timeout=0.05)) as connection,
            connection,
        ):
            connection.execute("UPDATE node_chip SET chip = zeroblob(64)")
        assert chips_in_registry(opened, [CHIP_A]).chips == (CHIP_A_NOW,)
