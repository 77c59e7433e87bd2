"""What happened in the practice registry: machines joined, releases were elected, subnets were made and upgraded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, TypeAlias

from auditkit.practice.nns.elections import WORLD
from auditkit.practice.nns.registry.history import History, Mutation, MutationKind, Version
from auditkit.practice.nns.registry.machine_records import (
    SUBNET_LIST_KEY,
    api_boundary_node_key,
    api_boundary_node_record,
    data_center_key,
    data_center_record,
    node_key,
    node_operator_key,
    node_operator_record,
    node_record,
    subnet_key,
    subnet_list_record,
    subnet_record,
)
from auditkit.practice.nns.registry.machines import (
    APPLICATION,
    BOUNDARY,
    CONFIDENTIAL,
    DATA_CENTERS,
    OPERATORS,
    SYSTEM,
    Machines,
    Node,
    NodeSubnet,
    machines,
)
from auditkit.practice.nns.registry.records import replica_version_key, replica_version_record
from auditkit.practice.nns.releases import release
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT, ChipsSay, RegistrySays

FIRST_VERSION: Final = 2_001
"""The first version of which the practice registry tells anything; in those before, nothing changed."""

_NANOSECONDS: Final = 10**9
_DAY, _HOUR, _TEN_MINUTES = 86_400, 3_600, 600
_BEGAN_SECONDS: Final = WORLD[0].decided_seconds - 10 * _DAY
_CHUNKS: Final = 3

_Change: TypeAlias = tuple[int, tuple[Mutation, ...]]


@cache
def registry_history(
    server: str,
    about: str = "",
    says: RegistrySays = RegistrySays.ELECTED,
    chips: ChipsSay = ChipsSay.ONE_SUBNET,
) -> History:
    """The history of the practice registry.

    Args:
        server: the address of the release server, which the records name.
        about: the GuestOS version whose record is as ``says``; all others have the right ones.
        says: what the registry says of it.
        chips: what it says of the chips that recoveries name.
    """
    there = machines(chips)
    story = (*_joining(there), *_releases(server, about, says, there), *_leaving(there))
    if says is RegistrySays.UNELECTED:
        seconds = WORLD[-1].decided_seconds + 5 * _DAY
        story = (*story, (seconds, (Mutation(MutationKind.DELETE, replica_version_key(about)),)))
    changes = ((seconds, mutations) for seconds, mutations in story if mutations)
    return History(
        tuple(
            Version(number, seconds * _NANOSECONDS, mutations)
            for number, (seconds, mutations) in enumerate(changes, FIRST_VERSION)
        )
    )


def _joining(there: Machines) -> Iterator[_Change]:
    """Data centers and operators, and then one node after the other."""
    yield (
        _BEGAN_SECONDS,
        tuple(_insert(data_center_key(one), data_center_record(one)) for one in DATA_CENTERS),
    )
    yield (
        _BEGAN_SECONDS + _HOUR,
        tuple(_insert(node_operator_key(one), node_operator_record(one)) for one in OPERATORS),
    )
    for node in there.nodes:
        if node.number < BOUNDARY:
            yield _BEGAN_SECONDS + _DAY + node.number * _TEN_MINUTES, (_join(node),)


def _releases(server: str, about: str, says: RegistrySays, there: Machines) -> Iterator[_Change]:
    """Each election is executed at once; life goes on in between."""
    life_between = (_first_subnets, _confidential_subnet, _upgrades)
    for election, life in zip(WORLD, life_between, strict=True):
        own = says if election.version == about else RegistrySays.ELECTED
        elected = () if own is RegistrySays.ABSENT else (_elect(server, election.version, own),)
        retired = tuple(
            Mutation(MutationKind.DELETE, replica_version_key(version)) for version in election.retires
        )
        yield election.decided_seconds, elected + retired
        yield from life(election.decided_seconds + _DAY, there)


def _elect(server: str, version: str, says: RegistrySays) -> Mutation:
    record = replica_version_record(release(version, server), says)
    chunks = _CHUNKS if says is RegistrySays.CHUNKED else 0
    return Mutation(MutationKind.INSERT, replica_version_key(version), record, chunks)


def _first_subnets(seconds: int, there: Machines) -> Iterator[_Change]:
    made = (_make(subnet, there, RETIRED_COMMIT) for subnet in (SYSTEM, APPLICATION))
    yield seconds, (_list_subnets(SYSTEM, APPLICATION), *made)


def _confidential_subnet(seconds: int, there: Machines) -> Iterator[_Change]:
    listed = _list_subnets(SYSTEM, APPLICATION, CONFIDENTIAL)
    yield seconds, (listed, _make(CONFIDENTIAL, there, BASE_COMMIT))


def _upgrades(seconds: int, there: Machines) -> Iterator[_Change]:
    """All are upgraded but the confidential subnet, which has yet to follow; then two more nodes join."""
    for at, subnet in ((seconds, SYSTEM), (seconds + _HOUR, APPLICATION)):
        yield at, (_set(subnet, there.members[subnet], OTHER_COMMIT),)
    at = seconds + _DAY
    for node in there.nodes:
        if node.number >= BOUNDARY:
            yield at, (_join(node),)
            at += _HOUR
        if node.number == BOUNDARY:
            yield at, (_insert(api_boundary_node_key(node), api_boundary_node_record(OTHER_COMMIT)),)
            at += _HOUR


def _leaving(there: Machines) -> Iterator[_Change]:
    """A node leaves its subnet and is removed; another one comes in its place, if there is any."""
    if there.removed is None:
        return
    at = WORLD[-1].decided_seconds + 3 * _DAY
    members = there.members[CONFIDENTIAL]
    yield at, (_set(CONFIDENTIAL, (node for node in members if node is not there.removed), BASE_COMMIT),)
    yield at + _HOUR, (Mutation(MutationKind.DELETE, node_key(there.removed)),)
    if there.replacement is not None:
        yield at + 2 * _HOUR, (_join(there.replacement),)
        new = (there.replacement if node is there.removed else node for node in members)
        yield at + 3 * _HOUR, (_set(CONFIDENTIAL, new, BASE_COMMIT),)


def _insert(key: bytes, record: bytes) -> Mutation:
    return Mutation(MutationKind.INSERT, key, record)


def _join(node: Node) -> Mutation:
    return _insert(node_key(node), node_record(node))


def _make(subnet: NodeSubnet, there: Machines, version: str) -> Mutation:
    return _insert(subnet_key(subnet), subnet_record(subnet, there.members[subnet], version))


def _set(subnet: NodeSubnet, members: Iterator[Node] | tuple[Node, ...], version: str) -> Mutation:
    return Mutation(MutationKind.UPDATE, subnet_key(subnet), subnet_record(subnet, members, version))


def _list_subnets(*subnets: NodeSubnet) -> Mutation:
    record = subnet_list_record(subnet.principal for subnet in subnets)
    return Mutation(MutationKind.UPSERT, SUBNET_LIST_KEY, record)
