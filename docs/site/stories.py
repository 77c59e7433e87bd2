"""The page of the practice network's scenarios: what was done in each, and what an audit must find."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks import ALL_CHECKS
from auditkit.practice import Scenario, groups

HEAD = """# Proposals to practise on

What `auditkit practice show NAME` tells of each. They need no network: `auditkit audit NAME` writes the report,
`auditkit check NAME` shows the decisions.
"""


def stories() -> str:
    """The page, as Markdown."""
    return "\n".join((HEAD, *(line for group in groups() for line in _group(group.about, group.scenarios))))


def _group(about: str, scenarios: tuple[Scenario, ...]) -> Iterator[str]:
    yield from (f"## {about}", "")
    for scenario in scenarios:
        yield from (f"### {scenario.name}", "", f"**{scenario.title}.** {scenario.story}", "")
        yield from (f"{scenario.expected_verdict}, {_decided(scenario)}.", "")


def _decided(scenario: Scenario) -> str:
    for check in ALL_CHECKS:
        if check.id == scenario.deciding_check:
            place = f"{check.number}-{check.id.replace('.', '')}"
            return f"decided by check [{check.number}, {check.id}](decisions.md#{place})"
    return "before any check"
