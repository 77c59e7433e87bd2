"""What `auditkit registry chip` prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import hexdigits
from typing import TYPE_CHECKING, Final

from auditkit.cli.printing import say
from auditkit.errors import ParameterError

if TYPE_CHECKING:
    from auditkit.evidence.registry_sync import SyncedRegistry
    from auditkit.ic.registry import ChipHistory, ChipNode, ChipsInRegistry

_DIGITS: Final = re.compile(r"(?:[0-9a-fA-F]{2}){4,64}")
_WHOLE: Final = 128


def chip_ids(registry: SyncedRegistry, texts: Sequence[str]) -> tuple[bytes, ...]:
    """The chips that hex digits name, each once; one that is cut short is looked up.

    Raises:
        ParameterError: these are no such digits, or they begin the ids of several chips, or of none.
    """
    return tuple(dict.fromkeys(_chip_id(registry, text) for text in texts))


def _chip_id(registry: SyncedRegistry, text: str) -> bytes:
    digits = text.rstrip("…")
    if not _DIGITS.fullmatch(digits):
        raise ParameterError(
            "this is no chip id",
            where=text[:140],
            expected="128 hex digits, or the first 8 or more, an even number",
            observed=_given(digits),
        )
    start = bytes.fromhex(digits)
    if len(digits) == _WHOLE:
        return start
    found = registry.chips_beginning(start)
    if len(found) != 1:
        many = f"{len(found)} chips begin" if found else "no chip that a node has or had begins"
        raise ParameterError(f"{many} with these digits", where=digits, hint="give all 128 digits")
    return found[0]


def _given(digits: str) -> str:
    foreign = next((character for character in digits if character not in hexdigits), None)
    if foreign is not None:
        return f"{foreign!r}, which is none"
    return "1 digit" if len(digits) == 1 else f"{len(digits) or 'no'} digits"


def say_chips(found: ChipsInRegistry) -> None:
    """Prints each chip with its nodes, one fact in a line."""
    for one in found.chips:
        say(f"chip: {one.chip}")
        for node in one.nodes:
            _say_node(node)
        _say_former(one)
        if not one.nodes:
            say("  no node has it")
            if not one.former and (found.without_chip or found.unreadable):
                say(f"  {found.without_chip:,} of {found.nodes:,} nodes have no chip id in the registry")


def chips_document(found: ChipsInRegistry, *, verified: bool) -> None:
    """Prints the same as a JSON document."""
    from auditkit.audit import Verdict
    from auditkit.cli.documents import RegistryChip
    from auditkit.cli.results import print_document

    known = all(one.nodes for one in found.chips)
    verdict = Verdict.PASS if known else Verdict.FAIL
    print_document(RegistryChip, verdict=verdict, verified=verified, registry=found)


def _say_node(node: ChipNode) -> None:
    say(f"  node: {node.node}")
    when = f" ({node.since_time})" if node.since_time else ""
    told = (
        ("operator", node.operator),
        ("provider", node.provider),
        ("data center", node.data_center),
        ("region", node.region),
        ("owner of the data center", node.owner),
        ("subnet", node.subnet or ("none, it is an API boundary node" if node.api_boundary else "none")),
        ("type of the subnet", node.subnet_type),
        ("SEV enabled", None if node.sev_enabled is None else "yes" if node.sev_enabled else "no"),
        ("since", f"version {node.since:,}{when}"),
    )
    for name, value in told:
        if value is not None:
            say(f"    {name}: {value}")


def _say_former(one: ChipHistory) -> None:
    for node in one.former:
        ended = "when the node was removed" if node.removed else "when the node got another chip"
        say(f"  before: node {node.node}, from version {node.since:,} to {node.until:,}, {ended}")
