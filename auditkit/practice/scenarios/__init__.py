"""The scenarios of the practice network: what was proposed, what happened to it, and what an audit must say.

All of them live in one practice NNS, each under its own proposal number. The expected verdicts are written
down here by hand; they are the test of the audit and not its output.
"""

from __future__ import annotations

import difflib
from typing import Final

from auditkit.errors import ParameterError
from auditkit.practice.scenarios.elected import ELECTED
from auditkit.practice.scenarios.elections import ELECTIONS
from auditkit.practice.scenarios.images import IMAGES
from auditkit.practice.scenarios.nodes import NODES
from auditkit.practice.scenarios.recovery import RECOVERIES
from auditkit.practice.scenarios.says import ElectionSays, RegistrySays
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
    "ElectionSays",
    "ExpectedVerdict",
    "RegistrySays",
    "Scenario",
    "Subnet",
    "scenario",
    "scenario_of_proposal",
    "scenarios",
]

_SCENARIOS: Final = (*RECOVERIES, *IMAGES, *NODES, *ELECTED, *ELECTIONS)
_BY_NAME: Final = {scenario.name: scenario for scenario in _SCENARIOS}
_BY_PROPOSAL: Final = {scenario.proposal_id: scenario for scenario in _SCENARIOS}


def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, in the order in which they are best read."""
    return _SCENARIOS


def scenario(name: str) -> Scenario:
    """The scenario called ``name``.

    Raises:
        ParameterError: there is none; the hint names the nearest.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        raise ParameterError(
            f"there is no practice scenario called {name[:80]!r}",
            hint=f"did you mean {near[0]}?" if near else "`auditkit practice list` names them",
        ) from None


def scenario_of_proposal(proposal_id: int) -> Scenario | None:
    """The scenario that a proposal number belongs to, or None."""
    return _BY_PROPOSAL.get(proposal_id)
