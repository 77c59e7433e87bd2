"""Whose machines the chips are: one row for each chip and node, in the same words in every rendering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.audit import short_chip
from auditkit.decision import Outcome
from auditkit.ic.registry import ChipHistory, ChipNode, ChipsInRegistry
from auditkit.report.document import AuditDocument
from auditkit.report.rendering.summary import readable_time

CAVEAT: Final = (
    "A chip id in the registry means that a genuine processor signed for this node when it registered. It does not say "
    "which software ran on it, then or now, and not who stands behind a provider's principal."
)
"""What the table does not prove."""

_NAMED: Final = 3  # chips that the answer on the first screen names
_NONE: Final = "none found"


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A node that has a chip, or a chip that no node has.

    Attributes:
        chip: its id in hex digits.
        node, operator, provider, subnet: principals, or words where there is none; empty without a node.
        place: data center and region.
        owner: who runs the data center; empty where that is not known.
        role: what the node does: which kind of subnet, with SEV or not.
        since: as of which version of the registry the node has the chip, and when.
        former: which nodes had it before, or empty.
    """

    chip: str
    node: str
    operator: str = ""
    provider: str = ""
    place: str = ""
    owner: str = ""
    subnet: str = ""
    role: str = ""
    since: str = ""
    former: str = ""

    @property
    def principals(self) -> tuple[tuple[str, str], ...]:
        """Every principal of the row in full, by what it is, and who runs the data center."""
        named = (
            ("node", self.node), ("operator", self.operator), ("provider", self.provider), ("subnet", self.subnet),
            ("data center of", self.owner),
        )  # fmt: skip
        return tuple((name, value) for name, value in named if value not in ("", _NONE))


def machine_rows(registry: ChipsInRegistry | None) -> tuple[MachineRow, ...]:
    """The rows, chip by chip; none where nobody was asked."""
    chips = registry.chips if registry is not None else ()
    return tuple(row for one in chips for row in _rows(one))


def short_principal(principal: str) -> str:
    """A principal by its first and its last group."""
    first, _, rest = principal.partition("-")
    last = rest.rpartition("-")[2]
    return f"{first}…{last}" if rest and len(principal) > 20 else principal


def whose_machines(document: AuditDocument) -> str:
    """The answer to "whose machines are these?", in a sentence; empty where nobody was asked."""
    if document.chips is None:
        return ""
    chips = document.chips.chips
    told = "; ".join(_in_words(one) for one in chips[:_NAMED])
    more = f"; {len(chips) - _NAMED} more below" if len(chips) > _NAMED else ""
    return f"{told}{more}{_subnets([node for one in chips for node in one.nodes])}"


def as_of(registry: ChipsInRegistry | None) -> str:
    """What the rows rest on, in a sentence; empty where nobody was asked."""
    if registry is None:
        return ""
    when = readable_time(registry.as_of)
    if registry.source == "registry":
        certified = f", certified as of {when}" if when else ""
        return f"From the whole registry of the NNS in version {registry.version:,}{certified}."
    if when is None:
        return "No node was asked about."
    nodes = "1 node" if registry.nodes == 1 else f"{registry.nodes} nodes"
    return (
        f"From certified records of {nodes} that somebody named, as of {when}; others were not asked about."
    )


def are_known(document: AuditDocument) -> bool:
    """Whether each chip that the proposal names is that of a node of the registry, and the document tells whose."""
    return document.chips is not None and document.outcomes.get(checks.CHIPS_KNOWN.id) is Outcome.PASS


def _rows(chip: ChipHistory) -> Iterator[MachineRow]:
    former = "; ".join(
        f"{short_principal(one.node)} from version {one.since:,} to {one.until:,}{' (removed)' if one.removed else ''}"
        for one in chip.former
    )
    for node in chip.nodes:
        yield MachineRow(
            chip=chip.chip,
            node=node.node,
            operator=node.operator or _NONE,
            provider=node.provider or _NONE,
            place=_place(node) or _NONE,
            owner=node.owner or "",
            subnet=node.subnet or _NONE,
            role=_role(node),
            since=_since(node),
            former=former,
        )
    if not chip.nodes:
        yield MachineRow(chip=chip.chip, node=_NONE, former=former)


def _subnets(nodes: Sequence[ChipNode]) -> str:
    """In which subnets nodes are, and how many are in none, as a further sentence; empty without nodes."""
    found = list(dict.fromkeys(node.subnet for node in nodes if node.subnet))
    outside = sum(not node.subnet for node in nodes)
    if not found:
        return ". Subnet: none" if outside else ""
    told = ", ".join(short_principal(subnet) for subnet in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    left = f"; {'one node is' if outside == 1 else f'{outside} nodes are'} in none" if outside else ""
    return f". {'Subnet' if len(found) == 1 else 'Subnets'}: {told}{more}{left}"


def _in_words(chip: ChipHistory) -> str:
    if not chip.nodes:
        last = chip.former[-1] if chip.former else None
        was = f"was node {short_principal(last.node)}'s until version {last.until:,}, and " if last else ""
        return f"chip {short_chip(chip.chip)} {was}is no node's that was found"
    return " and ".join(
        f"node {short_principal(node.node)}"
        + (f" of provider {short_principal(node.provider)}" if node.provider else "")
        + (f" in {node.data_center}" if node.data_center else "")
        for node in chip.nodes
    )


def _place(node: ChipNode) -> str:
    region = ", ".join(filter(None, (part.strip() for part in (node.region or "").split(","))))
    return " ".join(filter(None, (node.data_center, f"({region})" if region else "")))


def _role(node: ChipNode) -> str:
    if node.subnet is None:
        return "API boundary node" if node.api_boundary else "in no subnet that was found"
    return f"{node.subnet_type}, SEV {'enabled' if node.sev_enabled else 'not enabled'}"


def _since(node: ChipNode) -> str:
    when = node.since_time
    return f"version {node.since:,}{f' ({when[:10]})' if when else ''}"
