"""The scenarios of the practice network: what was proposed, what happened to it, and what an audit must say.

All of them live in one practice NNS, each under its own proposal number. The expected verdicts are written
down here by hand; they are the test of the audit and not its output.
"""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple

from auditkit.errors import ParameterError
from auditkit.practice.scenarios.chips import CHIPS
from auditkit.practice.scenarios.elected import ELECTED
from auditkit.practice.scenarios.elections import ELECTIONS
from auditkit.practice.scenarios.images import IMAGES
from auditkit.practice.scenarios.nodes import NODES
from auditkit.practice.scenarios.provenance import PROVENANCE
from auditkit.practice.scenarios.recovery import RECOVERIES
from auditkit.practice.scenarios.says import ChipsSay, ElectionSays, RegistrySays
from auditkit.practice.scenarios.scenario import (
    BASE_COMMIT,
    OTHER_COMMIT,
    RETIRED_COMMIT,
    Blessing,
    ExpectedVerdict,
    Scenario,
    Subnet,
)

__all__ = [
    "BASE_COMMIT",
    "OTHER_COMMIT",
    "RETIRED_COMMIT",
    "Blessing",
    "ChipsSay",
    "ElectionSays",
    "ExpectedVerdict",
    "Group",
    "RegistrySays",
    "Scenario",
    "Subnet",
    "groups",
    "scenario",
    "scenario_of_proposal",
    "scenarios",
    "story_of",
]


class Group(NamedTuple):
    """Scenarios about one thing.

    Attributes:
        about: what they are about, as a heading.
    """

    about: str
    scenarios: tuple[Scenario, ...]


_GROUPS: Final = (
    Group("Recoveries: the proposal", RECOVERIES),
    Group("Recoveries: the published recovery image", IMAGES),
    Group("Recoveries: the report of a recovered node", NODES),
    Group("Recoveries: whether the NNS elected the base release", ELECTED),
    Group("Recoveries: whose machines are named", CHIPS),
    Group("Recoveries: who built the base release", PROVENANCE),
    Group("Elections: the proposal of a release, and its image", ELECTIONS),
)
_SCENARIOS: Final = tuple(one for group in _GROUPS for one in group.scenarios)
_BY_NAME: Final = {scenario.name: scenario for scenario in _SCENARIOS}
_BY_PROPOSAL: Final = {scenario.proposal_id: scenario for scenario in _SCENARIOS}


def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, in the order in which they are best read."""
    return _SCENARIOS


def groups() -> tuple[Group, ...]:
    """The same scenarios in the same order, by what they are about."""
    return _GROUPS


def story_of(name: str) -> str:
    """The story of a scenario, which reports of it show: what happened, and not what an audit finds.

    Raises:
        ParameterError: there is no such scenario.
    """
    chosen = scenario(name)
    return f"{chosen.title}. {chosen.story}"


def scenario(name: str) -> Scenario:
    """The scenario called ``name``.

    Raises:
        ParameterError: there is none; the hint names the nearest, or the one of the proposal with that number.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        numbered = [one.name for one in _SCENARIOS if str(one.proposal_id) == name]
        if numbered:
            hint = f"proposal {name} is that of {numbered[0]}"
        else:
            hint = f"did you mean {near[0]}?" if near else "`auditkit practice list` names them"
        raise ParameterError(f"there is no practice scenario called {name[:80]!r}", hint=hint) from None


def scenario_of_proposal(proposal_id: int) -> Scenario | None:
    """The scenario that a proposal number belongs to, or None."""
    return _BY_PROPOSAL.get(proposal_id)
