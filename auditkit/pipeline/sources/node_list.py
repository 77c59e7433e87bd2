"""A list of nodes that a ``chips_source`` names, which is nobody's word: it only says whom to ask about."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import Principal
from auditkit.limits import LIMITS, Limits
from auditkit.report import read_json


@dataclass(frozen=True, slots=True)
class ListedNode:
    """A node of the list.

    Attributes:
        node: its principal.
        chip: the chip that the list says it has; None where it says nothing.
    """

    node: Principal
    chip: bytes | None


def parse_node_list(data: bytes, *, limits: Limits = LIMITS) -> tuple[ListedNode, ...]:
    """The nodes in a JSON document: a list of objects, or an object with such a list under ``nodes``.

    Each has a ``node_id``, and may have a ``chip_id`` in hex digits; the rest is passed over. Public lists of nodes
    have this form, without chips.

    Raises:
        EvidenceError: it is no such document, or names more nodes than there are.
    """
    try:
        value = read_json(data)
    except (ValueError, RecursionError):
        raise EvidenceError("the list of nodes is not JSON") from None
    if isinstance(value, dict):
        value = value.get("nodes")
    if not isinstance(value, list):
        raise EvidenceError("the list of nodes is not one", expected='[{"node_id": "..."}, ...]')
    if len(value) > limits.listed_nodes:
        raise EvidenceError(
            f"the list names {len(value):,} nodes", expected=f"at most {limits.listed_nodes:,}"
        )
    found = dict.fromkeys(_listed(entry) for entry in value)
    return tuple(found)


def _listed(entry: object) -> ListedNode:
    node, chip = (entry.get("node_id"), entry.get("chip_id")) if isinstance(entry, dict) else (None, None)
    if not isinstance(node, str) or not (chip is None or isinstance(chip, str)):
        raise EvidenceError("an entry in the list of nodes names none", expected='{"node_id": "..."}')
    try:
        return ListedNode(Principal.from_text(node), bytes.fromhex(chip) if chip else None)
    except (ParameterError, ValueError) as error:
        what = error.what if isinstance(error, ParameterError) else "a chip_id is not in hex digits"
        raise EvidenceError(f"an entry in the list of nodes cannot be read: {what}") from None
