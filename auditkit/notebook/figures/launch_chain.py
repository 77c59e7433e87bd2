"""A launch measurement as a chain: what is hashed into it, one thing after the other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from auditkit.notebook.figures.canvas import Drawing, short
from auditkit.notebook.figures.ladder import Rung, Tie, ladder
from auditkit.sev import LaunchPage, LaunchPages

_TITLE = "The launch digest as a chain."


def launch_chain_drawing(pages: LaunchPages) -> Drawing:
    """Draws a launch measurement from the zeros that it begins with to its end; pages of a kind are one box."""
    if not pages.measurement:
        return ladder([Rung("Nothing was measured", kind="weak")], _TITLE)
    digest = bytes(48)
    parts: list[Rung | Tie] = [Rung("48 bytes of zeros", kind="weak")]
    for what, members in groupby(
        (*pages.firmware, *pages.metadata, *pages.vcpus), key=lambda page: page.what
    ):
        group = tuple(members)
        parts.append(Tie(f"digest {short(digest)}"))
        parts.append(_rung(what, group))
        for page in group:
            digest = page.extend(digest)
    parts.append(Tie(f"digest {short(digest)}"))
    same = digest == pages.measurement
    parts.append(
        Rung(
            "The launch measurement" if same else "ANOTHER launch measurement",
            (("", pages.measurement.hex()),),
            "strong",
        )
    )
    return ladder(parts, _TITLE)


def _rung(what: str, group: tuple[LaunchPage, ...]) -> Rung:
    first = group[0]
    where = "" if what.startswith("registers") else f" from {first.address:#x}"
    facts = [
        (f"{len(group):,} page{'s' if len(group) > 1 else ''} of type {first.type.name.lower()}{where}", "")
    ]
    if first.content is None:
        facts.append(("type and place are measured, content is not", ""))
    elif len(group) == 1 or _alike(group):
        facts.append(("content", short(first.content_digest)))
    else:
        facts.append((f"the content of each, from {short(first.content_digest)}", ""))
    kind = "strong" if what.startswith("hashes of kernel") else "plain"
    return Rung(what[:1].upper() + what[1:], tuple(facts), kind)


def _alike(group: Iterable[LaunchPage]) -> bool:
    return len({page.content for page in group}) == 1
