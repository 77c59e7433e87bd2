"""The chain from the NNS to the machine as one picture: nine links, each with its outcome.

The picture is written by hand, so that it is the same text on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from auditkit import checks
from auditkit.decision import Decision, Outcome
from auditkit.display import shortened, visible
from auditkit.report.rendering.groups import group_of

_MEASURED: Final = (
    "measurement.", "overlap.", "election.measurements", "election.blessed", "election.explained", "election.labels",
    "election.coverage",
)  # fmt: skip
_LINKS: Final = (
    ("NNS key", "certificate", ("certificate.signature", "delegation.signature", "certificate.keys")),
    ("certificate", "certificate", ("certificate.", "delegation.")),
    ("proposal", "proposal", ("reply.", "proposal.")),
    ("election", "election", ("election.",)),
    ("release", "base", ("base.", "provenance.")),
    ("measurements", "overlap", _MEASURED),
    ("recovery image", "recovery", ("recovery.",)),
    ("machines", "chips", ("chips.",)),
    ("node", "attestation", ("attestation.",)),
)
_WORDS: Final = {"pass": "pass", "fail": "FAIL", "none": "not checked"}
_MARKS: Final = {"pass": Outcome.PASS.symbol, "fail": Outcome.FAIL.symbol, "none": Outcome.SKIP.symbol}
_WIDTH, _ROW, _TOP = 360, 46, 8


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain.

    Attributes:
        name: what it is.
        anchor: of the group of decisions that it sums up.
        state: ``pass``, ``fail`` or ``none`` (not checked).
        note: how many of its checks failed or were not clear, in words; empty when none.
    """

    name: str
    anchor: str
    state: str
    note: str

    @property
    def word(self) -> str:
        """The outcome in a word."""
        return _WORDS[self.state]


def chain_links(decisions: Sequence[Decision]) -> tuple[Link, ...]:
    """The outcome of each link: fail if one of its checks failed, not checked if none was answered, else pass.

    The chain of an election ends at the measurements.
    """
    asked = {decision.id for decision in decisions}
    links = _LINKS[:-3] if checks.ELECTION_STAGE.id in asked else _LINKS
    return tuple(_link(name, anchor, prefixes, decisions) for name, anchor, prefixes in links)


def _link(name: str, anchor: str, prefixes: tuple[str, ...], decisions: Sequence[Decision]) -> Link:
    others = () if prefixes is _MEASURED else _MEASURED
    members = [one for one in decisions if one.id.startswith(prefixes) and not one.id.startswith(others)]
    failed = [one for one in members if one.outcome is Outcome.FAIL]
    warned = sum(one.outcome is Outcome.WARN for one in members)
    if failed:
        return Link(name, anchor, "fail", shortened(visible(failed[0].id), 40))
    if all(one.outcome is Outcome.SKIP for one in members):
        return Link(name, anchor, "none", "")
    return Link(name, anchor, "pass", f"{warned} with a warning" if warned else "")


def chain_svg(decisions: Sequence[Decision]) -> str:
    """The picture as an SVG document; it reads in black and white and names each outcome in words.

    Each link of the chain leads to the anchor ``group-…`` of its decisions.
    """
    links = chain_links(decisions)
    height = _TOP * 2 + _ROW * len(links)
    said = "; ".join(f"{link.name}: {link.word}" for link in links)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chain" viewBox="0 0 {_WIDTH} {height}" role="group" '
        'aria-labelledby="chain-title">',
        f'<title id="chain-title">The chain, link by link. {said}.</title>',
    ]
    broken = False
    there = {group_of(decision.id) for decision in decisions}
    for number, link in enumerate(links):
        target = f"group-{link.anchor}" if link.anchor in there else "decisions"
        middle = _TOP + _ROW * number + _ROW // 2
        if number:
            broken = broken or links[number - 1].state == "fail"
            state = "none" if broken and link.state == "pass" else link.state
            dash = "" if state == "pass" else ' stroke-dasharray="3 4"'
            top = middle - _ROW + 13
            parts.append(
                f'<line class="{state}" x1="24" y1="{top}" x2="24" y2="{middle - 13}" '
                f'stroke="currentColor" stroke-width="2"{dash}/>'
            )
        parts.append(
            f'<a href="#{target}"><g class="{link.state}"><circle cx="24" cy="{middle}" r="12" '
            'fill="none" stroke="currentColor" '
            f'stroke-width="2"/><text x="24" y="{middle + 5}" text-anchor="middle" font-size="14" '
            f'fill="currentColor">{_MARKS[link.state]}</text></g>'
        )
        parts.append(
            f'<text x="48" y="{middle + 1}" font-size="14" font-weight="650" fill="currentColor">{link.name}</text>'
        )
        note = escape(f"{link.word}: {link.note}" if link.note else link.word)
        parts.append(f'<text x="48" y="{middle + 16}" font-size="11" fill="currentColor">{note}</text></a>')
    return "".join((*parts, "</svg>"))
