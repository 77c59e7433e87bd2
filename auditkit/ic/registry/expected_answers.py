"""Which answers there have to be about named nodes and their chips, and which nobody asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic.principal import Principal
from auditkit.ic.registry.node_records import (
    NODE_PREFIX,
    SUBNET_PREFIX,
    api_boundary_key,
    data_center_key,
    node_key,
    node_operator_key,
    read_if_known,
    read_node,
    read_node_operator,
    read_subnet,
)
from auditkit.ic.registry.verification import RegistryAnswer
from auditkit.limits import LIMITS, Limits

_FOR_EACH_NODE: Final = (
    4  # the node, its operator, its data center, and its subnet or itself as an API boundary node
)


def require_few_answers(count: int, hinted: Collection[Principal] | None, *, limits: Limits = LIMITS) -> None:
    """Makes sure, before any is verified, that there are no more answers than questions.

    Raises:
        EvidenceError: there are more.
    """
    nodes = limits.hinted_nodes if hinted is None else len(hinted)
    most = _FOR_EACH_NODE * (nodes + 1)  # and the node that an attestation report is said to come from
    if count > most:
        raise EvidenceError(
            f"there are {count:,} answers of the registry about nodes", expected=f"at most {most:,}"
        )


def require_expected_answers(
    answers: Iterable[RegistryAnswer],
    chips: Sequence[bytes],
    *,
    hinted: Collection[Principal] | None,
    claimed: Principal | None,
) -> None:
    """Makes sure that no answer was left out and none was put in: whoever keeps a report could do either.

    There has to be one about each node that was named; about the operator of each node that has one of the chips; and
    about the data center that the operator's record names. There may be one about a subnet that lists such a node, and
    about such a node as an API boundary node.

    Args:
        answers: about the newest version each, verified, no two about one record.
        chips: their ids.
        hinted: the nodes that were named; None where a list was looked through, which nobody keeps.
        claimed: the node that an attestation report is said to come from.

    Raises:
        EvidenceError: one is missing, or one is there that nobody asked for; also where a node's record has a layout
            that is not known.
    """
    told = {answer.key: answer.value for answer in answers}
    named = {node_key(one) for one in (*(hinted or ()), *((claimed,) if claimed is not None else ()))}
    looked_at = named if hinted is not None else named | {key for key in told if key.startswith(NODE_PREFIX)}
    owners = {key: value for key in looked_at if (value := told.get(key)) is not None}
    having = [key for key, value in owners.items() if read_node(value).chip_id in chips]
    needed = named | {owner for key in having for owner in _whose(told, owners[key])}
    if missing := needed - told.keys():
        raise EvidenceError("an answer of the registry is missing", where=min(missing)[:200])
    nodes = frozenset(Principal.from_text(key.removeprefix(NODE_PREFIX)) for key in having)
    allowed = needed | looked_at | {api_boundary_key(node) for node in nodes}
    odd = [key for key in told if key not in allowed and not _lists(key, told[key], nodes)]
    if odd:
        raise EvidenceError("there is an answer of the registry that nobody asked for", where=min(odd)[:200])


def lists_any(record: bytes | None, nodes: Collection[Principal]) -> bool:
    """Whether the record of a subnet, which may be none that can be read, lists any of these nodes."""
    subnet = read_if_known(read_subnet, record)
    return subnet is not None and not subnet.members.isdisjoint(nodes)


def _whose(told: Mapping[str, bytes | None], node: bytes) -> Iterator[str]:
    """The keys of the records that say whose a node is."""
    operator = read_node(node).operator
    if operator is None:
        return
    yield node_operator_key(operator)
    record = read_if_known(read_node_operator, told.get(node_operator_key(operator)))
    if record is not None and record.data_center:
        yield data_center_key(record.data_center)


def _lists(key: str, record: bytes | None, nodes: Collection[Principal]) -> bool:
    return key.startswith(SUBNET_PREFIX) and lists_any(record, nodes)
