"""Who is asked whose the chips are: what the parameter ``chips_source`` points at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import fetch_query, fetch_registry_value, read_bytes
from auditkit.ic import REGISTRY, Principal
from auditkit.ic.registry import (
    GET_VALUE,
    SUBNET_LIST_KEY,
    ChipsInRegistry,
    RegistryAnswer,
    api_boundary_key,
    data_center_key,
    decode_reply,
    get_value_argument,
    lists_any,
    node_key,
    node_operator_key,
    read_if_known,
    read_node,
    read_node_operator,
    read_subnet,
    read_subnet_list,
    subnet_key,
    verify_registry_answer,
)
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import Parameters, hinted_nodes
from auditkit.pipeline.redaction import redacted_place
from auditkit.pipeline.sources.elections import asked_hosts
from auditkit.pipeline.sources.node_list import ListedNode, parse_node_list
from auditkit.pipeline.sources.places import CertifiedAnswer, located
from auditkit.progress import Progress
from auditkit.times import rfc3339_of_ns
from auditkit.trust import Trust

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class ChipAnswers:
    """What was said about chips.

    Attributes:
        registry: what a synced registry says, all of which was verified; None where only some nodes were asked about.
        answers: the registry's answers about these, in the order in which they came.
    """

    registry: ChipsInRegistry | None = None
    answers: tuple[CertifiedAnswer, ...] = ()


def chip_answers(
    parameters: Parameters, trust: Trust, chips: Sequence[bytes], *, now_ns: int, progress: Progress
) -> ChipAnswers:
    """Asks whoever ``chips_source`` names about chips, and about the node ``attested_node``.

    Args:
        chips: their ids.
        now_ns: as of when answers are verified, nanoseconds since 1970.

    Raises:
        ParameterError: it makes no sense.
        SourceError: what is needed could not be had.
        EvidenceError: an answer, the folder or the list does not verify.
    """
    place, claimed = parameters.chips_source or "", claimed_node(parameters)
    hinted = hinted_nodes(place)
    listed: tuple[ListedNode, ...] = ()
    if hinted is None:
        with located(place, "chips_source") as (source, origin):
            if source.path is not None and source.path.is_dir():
                return ChipAnswers(_synced(source.path, trust, chips, progress, claimed=claimed))
            data = read_bytes(source, LIMITS.node_list_bytes)
            try:
                listed = parse_node_list(data)
            except EvidenceError as error:
                raise error.at(f"chips_source, {origin}") from None
    with asked_hosts(parameters, trust) as (hosts, origin):
        if not hosts:
            raise SourceError(
                "there is no host to ask about nodes",
                where="chips_source",
                hint="`auditkit registry sync FOLDER`, and name the folder as chips_source",
            )
        asking = _Asking(_Hosts(hosts, origin), trust.root_key, now_ns, progress)
        nodes = asking.likely(listed, chips) if hinted is None else hinted
        for node in dict.fromkeys((*nodes, *((claimed,) if claimed else ()))):
            asking.node(node, chips)
        return ChipAnswers(answers=asking.answers)


def require_same_registry(
    folder: Path, told: ChipsInRegistry, chips: Sequence[bytes], trust: Trust, progress: Progress
) -> None:
    """Makes sure that a synced registry, all of which is verified, says what a record tells of it.

    Args:
        told: of a version of the registry that the folder knows. The folder may hold it in other answers: it only must
            not have been over by then that this version was the newest.

    Raises:
        EvidenceError: it says something else.
        SourceError, ParameterError: the folder cannot be read, or does not know the registry as of then.
    """
    from auditkit.evidence.registry_sync import chips_in_registry, open_registry  # noqa: PLC0415  (few have one)

    claimed = Principal.from_text(told.claimed.node) if told.claimed else None
    with open_registry(folder, trust.root_key, verify=True, progress=progress) as registry:
        again = chips_in_registry(registry, chips, claimed=claimed, at=told.version)
        last, ended_ns = registry.standing.version, registry.ended_ns(told.version)
    if replace(again, as_of=told.as_of, batches=told.batches) != told:
        raise EvidenceError(
            "the registry says something else about the chips than the record", where=str(folder)
        )
    ended = rfc3339_of_ns(ended_ns)
    if told.as_of is None or ended is None or told.as_of <= ended:
        return
    if told.version == last:
        raise SourceError(
            "the synced registry is older than what the record tells of it",
            where=str(folder),
            hint="run `auditkit registry sync` on the folder",
            expected=f"as of {told.as_of} or later",
            observed=f"as of {ended}",
        )
    raise EvidenceError(
        "the record takes a version of the registry for the newest when there was a newer one",
        where=str(folder),
        expected=f"version {told.version} as of {ended} or before",
        observed=f"as of {told.as_of}",
    )


def claimed_node(parameters: Parameters) -> Principal | None:
    """The node that ``attested_node`` names."""
    name = parameters.attested_node
    return None if name is None else Principal.from_text(name)


def verified_answer(answer: CertifiedAnswer, *, root_key: bytes, now_ns: int) -> tuple[RegistryAnswer, int]:
    """What the registry says in an answer about one record, and when that was signed, in nanoseconds since 1970.

    Raises:
        EvidenceError: it does not verify.
    """
    verification = verify_registry_answer(
        answer.certificate,
        root_key=root_key,
        key=None,
        request=answer.request,
        now_ns=now_ns,
    )
    if verification.answer is None or verification.time_ns is None:
        failed = next((one for one in verification.decisions if one.outcome.value == "fail"), None)
        why = failed.reason if failed else "it came without its request."
        raise EvidenceError(
            f"an answer of the registry does not verify: {why}".rstrip("."), where=answer.origin
        )
    return verification.answer, verification.time_ns


def _synced(
    folder: Path,
    trust: Trust,
    chips: Sequence[bytes],
    progress: Progress,
    *,
    claimed: Principal | None,
) -> ChipsInRegistry:
    from auditkit.evidence.registry_sync import chips_in_registry, open_registry  # noqa: PLC0415  (few have one)

    with open_registry(folder, trust.root_key, verify=True, progress=progress) as registry:
        return chips_in_registry(registry, chips, claimed=claimed)


class _Hosts(NamedTuple):
    """Whom to ask, and what reports call them; None names who answered."""

    urls: tuple[str, ...]
    origin: str | None


class _Asking:
    """Certified questions about nodes. What an uncertified query says only decides what else is asked."""

    def __init__(self, hosts: _Hosts, root_key: bytes, now_ns: int, progress: Progress) -> None:
        self._hosts, self._origin, self._root_key, self._now_ns = *hosts, root_key, now_ns
        self._progress = progress
        self._known: dict[str, RegistryAnswer] = {}
        self._members: dict[Principal, Principal] | None = None
        self._answers: dict[str, CertifiedAnswer] = {}

    @property
    def answers(self) -> tuple[CertifiedAnswer, ...]:
        """What was answered, in that order."""
        return tuple(self._answers.values())

    def node(self, node: Principal, chips: Sequence[bytes]) -> None:
        """Asks for a node's record, and where it has one of the chips, for those that say whose it is."""
        value = self._certified(node_key(node))
        record = None if value is None else read_node(value)
        if record is None or record.chip_id not in chips:
            return
        run = None if record.operator is None else self._certified(node_operator_key(record.operator))
        by = read_if_known(read_node_operator, run)
        if by is not None and by.data_center:
            self._certified(data_center_key(by.data_center))
        subnet = self._subnet_of(node)
        if subnet is not None:
            self._of_subnet(subnet_key(subnet), node)
        elif self._queried(api_boundary_key(node), bool) is not None:
            self._certified(api_boundary_key(node))

    def likely(self, listed: Sequence[ListedNode], chips: Sequence[bytes]) -> list[Principal]:
        """Those nodes of a list that may have one of the chips, by what it says or else by what hosts say.

        Raises:
            EvidenceError: it gives the chips to more nodes than can be asked about.
        """
        if any(one.chip is not None for one in listed):
            found = [one.node for one in listed if one.chip in chips]
        else:
            found = []
            for number, one in enumerate(listed, 1):
                self._progress.step(f"looking for the chips: node {number:,} of {len(listed):,}")
                record = self._queried(node_key(one.node), read_node)
                if record is not None and record.chip_id in chips:
                    found.append(one.node)
        if len(found) > LIMITS.hinted_nodes:
            raise EvidenceError(
                f"the list gives the chips to {len(found)} nodes", expected=f"at most {LIMITS.hinted_nodes}"
            )
        return found

    def _of_subnet(self, key: str, node: Principal) -> None:
        """Asks for the record of a subnet, and keeps it where it lists the node as a host said."""
        known = key in self._known
        if not lists_any(self._certified(key), (node,)) and not known:
            del self._answers[key], self._known[key]

    def _certified(self, key: str) -> bytes | None:
        if key not in self._known:
            self._progress.step(f"asking whose the chips are: {len(self._answers) + 1}")
            found = fetch_registry_value(self._hosts, key)
            if found.chunks:
                raise EvidenceError("a record about nodes is larger than any real one", where=found.origin)
            origin = self._origin or redacted_place(found.origin)
            answer = CertifiedAnswer(found.certificate, found.request, origin)
            self._known[key], _ = verified_answer(answer, root_key=self._root_key, now_ns=self._now_ns)
            self._answers[key] = answer
        return self._known[key].value

    def _queried(self, key: str, read: Callable[[bytes], _Record]) -> _Record | None:
        """What a record says by the word of the first host whose reply can be read; None where no host's can."""

        def read_reply(reply: bytes) -> _Record | None:
            value = decode_reply(reply).value
            return None if value is None else read(value)

        try:
            return fetch_query(self._hosts, REGISTRY, GET_VALUE, get_value_argument(key), read_reply)
        except EvidenceError:
            return None

    def _subnet_of(self, node: Principal) -> Principal | None:
        """The subnet that hosts say the node is in."""
        if self._members is None:
            self._members = dict(self._memberships())
        return self._members.get(node)

    def _memberships(self) -> Iterable[tuple[Principal, Principal]]:
        subnets = self._queried(SUBNET_LIST_KEY, read_subnet_list) or ()
        for number, subnet in enumerate(subnets[: LIMITS.subnets], 1):
            self._progress.step(f"looking for the subnet: {number} of {len(subnets)}")
            record = self._queried(subnet_key(subnet), read_subnet)
            for member in record.members if record is not None else ():
                yield member, subnet
