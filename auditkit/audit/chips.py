"""Whose machines the proposal names, by what the registry says about their chips (checks 64 to 66)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from auditkit import checks
from auditkit.decision import Decision
from auditkit.ic.registry import ChipHistory, ChipNode, ChipsInRegistry, ClaimedNode

Names = tuple[str, ...]

_SHOWN: Final = 8  # chips, or nodes, that one decision names


def decide_chips(
    blessed: Sequence[bytes],
    registry: ChipsInRegistry,
    evidence: Names,
    *,
    attested: bytes | None = None,
    unattested: str = "No attestation report was given.",
) -> tuple[Decision, ...]:
    """Decides checks 64 to 66.

    That a chip is unknown fails only where the whole registry was looked through, no version of it ever had the chip,
    and no node is left whose chip it could be: a wrong failure would keep a subnet from being recovered.

    Args:
        blessed: the chip ids that the proposal names, 64 bytes each where they are sound.
        registry: what the registry says about all of them, and about ``attested``.
        attested: the chip of the attestation report, as it says itself.
        unattested: why there is none.
    """
    chips = tuple(dict.fromkeys(blessed))
    return (
        _known(chips, registry, evidence),
        _subnet(chips, registry, evidence),
        checks.CHIPS_ATTESTED.skipped(unattested)
        if attested is None
        else _attested(attested, registry, evidence),
    )


def short_chip(chip: str) -> str:
    """A chip id as sentences name it: its first 8 hex digits."""
    return f"{chip[:8]}…" if len(chip) > 8 else chip or "without digits"


def _known(chips: tuple[bytes, ...], registry: ChipsInRegistry, evidence: Names) -> Decision:
    check = checks.CHIPS_KNOWN
    told = {one.chip: one for one in registry.chips}
    asked = [told.get(chip.hex(), ChipHistory(chip.hex(), ())) for chip in chips]
    homeless = [one for one in asked if not one.nodes]
    if not homeless:
        observed = _listed(f"{short_chip(one.chip)}: {_nodes(one.nodes)}" for one in asked)
        return check.passed(observed, _all_known(asked, registry), evidence=evidence)
    former = [one for one in homeless if one.former]
    unknown = [one for one in homeless if not one.former]
    observed = f"{len(asked) - len(homeless)} of {len(asked)} chips belong to a node; not {_chips(homeless)}"
    if unknown and registry.source == "registry" and not registry.without_chip and not registry.unreadable:
        return check.failed(
            observed,
            f"No version of the registry up to {registry.version:,} ever had the {_word(unknown)} {_chips(unknown)}, "
            f"and each of its {registry.nodes:,} nodes has a chip of its own: nobody can say whose "
            f"{'machine this is' if len(unknown) == 1 else 'machines these are'}.",
            evidence=evidence,
        )
    return check.warned(
        observed,
        " ".join((*map(_was_there, former), *((_not_found(unknown, registry),) if unknown else ()))),
        evidence=evidence,
    )


def _all_known(asked: Sequence[ChipHistory], registry: ChipsInRegistry) -> str:
    which = "The chip is" if len(asked) == 1 else f"Each of the {len(asked)} chips is"
    held = f"{which} that of a node that the registry holds{_as_of(registry)}."
    shared = [
        f"{short_chip(one.chip)} carries {len(one.nodes)} nodes, which is allowed."
        for one in asked
        if len(one.nodes) > 1
    ]
    moved = [
        f"{short_chip(one.chip)} was that of another node before: {_short(one.former[-1].node)}, until version "
        f"{one.former[-1].until:,}."
        for one in asked
        if one.former
    ]
    return " ".join((held, *shared, *moved))


def _was_there(chip: ChipHistory) -> str:
    last = chip.former[-1]
    when = last.until_time
    ended = "the node was removed then" if last.removed else "the node has another chip since"
    return (
        f"{short_chip(chip.chip)} was the chip of node {_short(last.node)} until version {last.until:,}"
        f"{f' ({when})' if when else ''} of the registry, and is no node's now: {ended}."
    )


def _not_found(unknown: Sequence[ChipHistory], registry: ChipsInRegistry) -> str:
    which = f"the {_word(unknown)} {_chips(unknown)}"
    if registry.source == "nodes":
        nobody = {0: "The list of nodes names none that has", 1: "The node that was named does not have"}.get(
            registry.nodes, f"None of the {registry.nodes} nodes that were named has"
        )
        return f"{nobody} {which}: name the right node, or sync the whole registry."
    why = [
        f"{registry.without_chip:,} of its {registry.nodes:,} nodes have no chip id"
        if registry.without_chip
        else "",
        f"{registry.unreadable:,} records of nodes have a layout that is not known here"
        if registry.unreadable
        else "",
    ]
    return (
        f"The registry never had {which}, but {' and '.join(filter(None, why))}: "
        f"{'it' if len(unknown) == 1 else 'they'} may be there all the same."
    )


def _subnet(chips: tuple[bytes, ...], registry: ChipsInRegistry, evidence: Names) -> Decision:
    check = checks.CHIPS_SUBNET
    nodes = [node for chip in chips for node in registry.nodes_of(chip)]
    subnets = dict.fromkeys(node.subnet for node in nodes if node.subnet is not None)
    observed = _listed(_subnet_text(next(one for one in nodes if one.subnet == subnet)) for subnet in subnets)
    if len(subnets) > 1:
        return check.warned(
            observed,
            f"The chips belong to nodes of {len(subnets)} subnets, and a recovery is for one: ask why.",
            evidence=evidence,
        )
    unknown = sum(not registry.nodes_of(chip) for chip in chips)
    outside = [node for node in nodes if node.subnet is None]
    left = [
        f"{unknown} of the {len(chips)} chips {'belongs' if unknown == 1 else 'belong'} to no node that was found"
        if unknown
        else "",
        f"{len(outside)} of the {len(nodes)} nodes {'is' if len(outside) == 1 else 'are'} in no subnet that was found"
        if outside
        else "",
    ]
    if any(left):
        return check.warned(
            observed or "no subnet", f"{_capital(' and '.join(filter(None, left)))}.", evidence=evidence
        )
    of = "the chip" if len(chips) == 1 else "the chips"
    named = (
        f" that {'was' if len(nodes) == 1 else 'were'} found among those named"
        if registry.source == "nodes"
        else ""
    )
    return check.passed(
        observed,
        f"The registry lists {_all_of(nodes)} of {of}{named} in this subnet.",
        evidence=evidence,
    )


def _all_of(nodes: Sequence[ChipNode]) -> str:
    return {1: "the node", 2: "both nodes"}.get(len(nodes), f"all {len(nodes)} nodes")


def _attested(chip: bytes, registry: ChipsInRegistry, evidence: Names) -> Decision:
    check = checks.CHIPS_ATTESTED
    claimed = registry.claimed
    name = short_chip(chip.hex())
    if claimed is None:
        return _unclaimed(chip, registry, evidence)
    node = _short(claimed.node)
    expected = f"node {claimed.node} with the chip {chip.hex()}"
    if not claimed.registered and registry.source == "nodes":
        return check.warned(
            "no such node",
            f"The registry holds no node {node} now; it may have been removed since. A synced registry knows which "
            "nodes there were.",
            expected=expected,
            evidence=evidence,
        )
    if not claimed.registered and claimed.removed_at is None:
        return check.failed(
            "no such node",
            f"No version of the registry up to {registry.version:,} had a node {node}: the report cannot come from it.",
            expected=expected,
            evidence=evidence,
        )
    if claimed.removed_at is not None and claimed.chip == chip.hex():
        return check.warned(
            claimed.chip,
            f"Node {node} had the chip of the report, {name}, until version {claimed.removed_at:,} of the registry, "
            "which removed the node.",
            expected=expected,
            evidence=evidence,
        )
    if claimed.chip is None:
        return check.warned(
            "no chip id",
            f"The registry {_holds(claimed)} no chip id for node {node}{_until(claimed)}, so it does not say which "
            "machine it runs on.",
            expected=expected,
            evidence=evidence,
        )
    if claimed.chip != chip.hex():
        return check.failed(
            claimed.chip,
            f"The registry {_holds(claimed)} the chip {short_chip(claimed.chip)} for node {node}{_until(claimed)}; the "
            f"report is that of {name}.",
            expected=expected,
            evidence=evidence,
        )
    return check.passed(
        claimed.chip,
        f"The registry holds the chip of the report, {name}, for node {node}.",
        expected=expected,
        evidence=evidence,
    )


def _holds(claimed: ClaimedNode) -> str:
    return "holds" if claimed.removed_at is None else "held"


def _until(claimed: ClaimedNode) -> str:
    return "" if claimed.removed_at is None else f" until version {claimed.removed_at:,} removed it"


def _has(registry: ChipsInRegistry) -> str:
    """What a node alone does with a chip; where the registry knows no chip of others, these may have it as well."""
    if registry.without_chip or registry.unreadable:
        return "is known to have"
    return "has"


def _unclaimed(chip: bytes, registry: ChipsInRegistry, evidence: Names) -> Decision:
    check = checks.CHIPS_ATTESTED
    name, nodes = short_chip(chip.hex()), registry.nodes_of(chip)
    if len(nodes) == 1 and registry.source == "nodes":
        return check.warned(
            _nodes(nodes),
            f"Node {_short(nodes[0].node)} has the chip of the report, {name}, of the nodes that were named; others "
            "may have it too: name the one that is meant as attested_node, or sync the whole registry.",
            evidence=evidence,
        )
    if len(nodes) == 1:
        return check.passed(
            _nodes(nodes),
            f"Node {_short(nodes[0].node)} alone {_has(registry)} the chip of the report, {name}.",
            evidence=evidence,
        )
    if nodes:
        return check.warned(
            _nodes(nodes),
            f"The chip of the report, {name}, carries {len(nodes)} nodes: name the one that is meant as attested_node.",
            evidence=evidence,
        )
    return check.warned(
        "no node that was found",
        f"No node was found that has the chip of the report, {name}.",
        evidence=evidence,
    )


def _as_of(registry: ChipsInRegistry) -> str:
    when = registry.as_of
    told = f", as of {when}" if when else ""
    return f" in version {registry.version:,}{told}" if registry.source == "registry" else told


def _subnet_text(node: ChipNode) -> str:
    sev = "SEV enabled" if node.sev_enabled else "SEV not enabled"
    return f"{node.subnet} ({node.subnet_type}, {sev})"


def _nodes(nodes: Sequence[ChipNode]) -> str:
    return " and ".join(f"node {node.node}" for node in nodes)


def _short(principal: str) -> str:
    """A principal as sentences name it: its first group."""
    return f"{principal.partition('-')[0]}…"


def _chips(chips: Sequence[ChipHistory]) -> str:
    return _listed(short_chip(one.chip) for one in chips)


def _word(chips: Sequence[ChipHistory]) -> str:
    return "chip" if len(chips) == 1 else "chips"


def _listed(items: Iterable[str]) -> str:
    texts = list(items)
    shown = ", ".join(texts[:_SHOWN])
    return f"{shown} and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else shown


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
