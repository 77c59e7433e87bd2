"""`auditkit registry chip`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from string import hexdigits
from typing import TYPE_CHECKING, Final

import click

from auditkit.cli.application import ExitStatus, json_option, root_key_option
from auditkit.cli.printing import say
from auditkit.cli.registry.folder import dir_option, registry
from auditkit.cli.registry.words import standing_in_words
from auditkit.errors import ParameterError

if TYPE_CHECKING:
    from auditkit.audit import Verdict
    from auditkit.evidence.registry_sync import SyncedRegistry
    from auditkit.ic.registry import ChipHistory, ChipNode, ChipsInRegistry
    from auditkit.trust import Trust

_DIGITS: Final = re.compile(r"(?:[0-9a-fA-F]{2}){4,64}")
_WHOLE: Final = 128


@registry.command(short_help="Tell whose the machine with a chip is.")
@click.argument("chips", metavar="CHIP...", nargs=-1, required=True)
@dir_option
@root_key_option
@click.option("--verify", is_flag=True, help="Verify all of the folder first, some seconds for mainnet's.")
@json_option
def chip(chips: tuple[str, ...], folder: Path, root_key: str, verify: bool, as_json: bool) -> None:
    """Tell which nodes of the registry that was synced to DIR have a chip, whose they are, and where.

    CHIP is the id of an AMD processor, as proposals and attestation reports name it: 128 hex digits, or the first 8 or
    more of one that a node has or had. The certified answer of each record that is shown is verified. Which records
    these are, and that none is missing, is what the index of the folder says, which whoever gave you the folder could
    have changed. `--verify` verifies all of it first, as `auditkit registry verify` does.

    Status 0 = each is that of a node, 1 = one is no node's now, 2 = nobody can tell. All 128 digits of a chip that no
    node ever had end with 1; first digits that begin no known chip, or several, name none, and end with 2.

    \b
    Example:
        auditkit registry chip c38514b7 --dir registry --root-key practice
    """
    from auditkit.audit import Verdict
    from auditkit.evidence.registry_sync import chips_in_registry, open_registry
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    with (
        progress_on_terminal() as progress,
        open_registry(folder, trust.root_key, verify=verify, progress=progress) as opened,
    ):
        found = chips_in_registry(opened, _chip_ids(opened, chips), prove=True)
        standing = opened.standing
    known = all(one.nodes for one in found.chips)
    if as_json:
        _print_json(found, trust, Verdict.PASS if known else Verdict.FAIL, verified=verify)
    else:
        _say_chips(found)
        say(standing_in_words(standing))
        if not verify:
            say("not verified: the index of the folder, which says where the records are; --verify does that")
    raise ExitStatus(0 if known else 1)


def _chip_ids(opened: SyncedRegistry, texts: Sequence[str]) -> tuple[bytes, ...]:
    """The chips that hex digits name, each once; one that is cut short is looked up.

    Raises:
        ParameterError: these are no such digits, or they begin the ids of several chips, or of none.
    """
    return tuple(dict.fromkeys(_chip_id(opened, text) for text in texts))


def _chip_id(opened: SyncedRegistry, text: str) -> bytes:
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
    found = opened.chips_beginning(start)
    if len(found) != 1:
        many = f"{len(found)} chips begin" if found else "no chip that a node has or had begins"
        raise ParameterError(f"{many} with these digits", where=digits, hint="give all 128 digits")
    return found[0]


def _given(digits: str) -> str:
    foreign = next((character for character in digits if character not in hexdigits), None)
    if foreign is not None:
        return f"{foreign!r}, which is none"
    return "1 digit" if len(digits) == 1 else f"{len(digits) or 'no'} digits"


def _say_chips(found: ChipsInRegistry) -> None:
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


def _print_json(found: ChipsInRegistry, trust: Trust, verdict: Verdict, *, verified: bool) -> None:
    """Prints the same as a JSON document."""
    from auditkit.cli.documents import RegistryChip
    from auditkit.cli.results import print_document, qualifications_by

    print_document(
        RegistryChip,
        verdict=verdict,
        qualifications=qualifications_by(trust),
        verified=verified,
        registry=found,
    )


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
