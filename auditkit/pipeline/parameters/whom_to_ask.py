"""Parameters that say whom to ask, and not where something is: a witness, the nodes of chips, GitHub."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter

from auditkit.errors import ParameterError
from auditkit.ic import Principal
from auditkit.limits import LIMITS
from auditkit.numbers import ProposalNumber
from auditkit.pipeline.parameters.wording import shown

REGISTRY_SOURCE: Final = "registry"
CATALOGUE_SOURCE: Final = "catalogue"
GITHUB_SOURCE: Final = "github"
_WITNESS: Final = "proposal:"
_HINT: Final = "hint:"


def names_no_place(parameter: str, value: str) -> bool:
    """Whether the value of a parameter says whom to ask, and not where something is."""
    if parameter == "election_source":
        return value in (REGISTRY_SOURCE, CATALOGUE_SOURCE) or witness_number(value) is not None
    if parameter == "provenance_source":
        return value == GITHUB_SOURCE
    return parameter == "chips_source" and value.startswith(_HINT)


def witness_number(election_source: str | None) -> int | None:
    """The number N of an ``election_source`` that is ``proposal:N``; None for any other.

    Raises:
        ParameterError: what follows the colon is no number of a proposal.
    """
    if election_source is None or not election_source.startswith(_WITNESS):
        return None
    try:
        return TypeAdapter(ProposalNumber).validate_python(_decimal(election_source.removeprefix(_WITNESS)))
    except ValueError:
        raise ParameterError(
            f"the parameter election_source cannot be {shown(election_source)}",
            hint="give proposal: and the number of the proposal that elected the version",
        ) from None


def node_named(parameter: str, text: str) -> Principal:
    """The node that a parameter names by its principal.

    Raises:
        ParameterError: it is no principal.
    """
    try:
        return Principal.from_text(text)
    except ParameterError as error:
        raise ParameterError(
            f"the parameter {parameter} names no node: {error.what}",
            hint="give the principal of a node, such as dashboards show it",
        ) from None


def hinted_nodes(chips_source: str | None) -> tuple[Principal, ...] | None:
    """The nodes of a ``chips_source`` that is ``hint:NODE,...``, each once; None for any other.

    Raises:
        ParameterError: what follows the colon is no list of principals, or a longer one than any subnet has nodes.
    """
    if chips_source is None or not chips_source.startswith(_HINT):
        return None
    names = [name.strip() for name in chips_source.removeprefix(_HINT).split(",")]
    if not all(names):
        raise ParameterError(
            "the parameter chips_source names no node"
            + (" between two commas, or at an end" if any(names) else " behind hint:"),
            hint="name at least one node, and no empty one",
        )
    found = tuple(dict.fromkeys(node_named("chips_source", name) for name in names))
    if len(found) > LIMITS.hinted_nodes:
        raise ParameterError(
            f"the parameter chips_source names {len(found):,} nodes",
            expected=f"at most {LIMITS.hinted_nodes}",
            hint="`auditkit registry sync FOLDER` fetches the whole registry, and needs no hint",
        )
    return found


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and not text.startswith("0")):
        raise ValueError("not a decimal number")
    return int(text)
