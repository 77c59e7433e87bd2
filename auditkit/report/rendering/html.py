"""`report.html`: one self-contained file that loads nothing, runs nothing and escapes everything.

What escapes it is `auditkit.report.template_environment`. A Content-Security-Policy forbids scripts and all loading,
should that ever fail.
"""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from auditkit.report.document import SCHEMA_ID, AuditDocument
from auditkit.report.rendering import (
    answers,
    check_again,
    explanations,
    groups,
    machines,
    meaning,
    new_root,
    overlap_drawing,
    summary,
)
from auditkit.report.rendering.chain import chain_svg
from auditkit.report.rendering.glossary import GLOSSARY
from auditkit.report.rendering.inline import Linker, glossary_anchor
from auditkit.report.rendering.next_steps import what_now
from auditkit.report.rendering.tables import builder
from auditkit.report.template_environment import page_environment

_LISTED_ROWS: Final = 500
_SHOWN_COMMAND_LINES: Final = 12


def render_html(document: AuditDocument, *, for_print: bool = False) -> str:
    """The whole report as one HTML document. The same document gives the same text, on every machine.

    Args:
        for_print: show what is folded, for a page that nobody can unfold.
    """
    answered = document.policy.answered
    return (
        page_environment()
        .get_template("report.html.jinja")
        .render(
            document=document,
            subject=document.subject,
            summary=summary,
            now=what_now(document),
            answers=answers,
            meaning=meaning,
            check_again=check_again,
            explanations=explanations,
            builder=builder,
            machines=machines,
            new_root=new_root,
            linked=Linker(),
            groups=groups.groups(document),
            pressing=groups.pressing(document),
            state=lambda decision: groups.state(decision, answered),
            skips=groups.SKIPS,
            unasked=lambda decisions: groups.unasked(decisions, answered),
            tally=groups.tally_of(document),
            missing=groups.unanswered(document),
            chain=Markup(chain_svg(document.decisions)),  # noqa: S704  (it escapes what it holds)
            drawing=Markup(overlap_drawing.overlap_svg(document)),  # noqa: S704  (as well)
            anchors=_Firsts(),
            crossed=overlap_drawing.is_crossed(document),
            ids=frozenset(decision.id for decision in document.decisions),
            release_name=groups.release_name(document),
            glossary=GLOSSARY,
            glossary_anchor=glossary_anchor,
            shown_command_lines=_SHOWN_COMMAND_LINES,
            command_lines=_command_lines(document),
            schema_id=SCHEMA_ID,
            drawn_rows=overlap_drawing.DRAWN_ROWS,
            listed_rows=_LISTED_ROWS,
            for_print=for_print,
        )
    )


class _Firsts:
    """Tells the first time a measurement is met, which gets the anchor; a proposal can hold one twice."""

    def __init__(self) -> None:
        self._met: set[str] = set()

    def first(self, measurement: str) -> bool:
        """Whether it was not met before, by what an anchor holds of it."""
        start = measurement[:24]
        new = start not in self._met
        self._met.add(start)
        return new


def _command_lines(document: AuditDocument) -> dict[str, str]:
    lines = document.measured.command_lines if document.measured is not None else ()
    return {line.name: line.value for line in lines[:_SHOWN_COMMAND_LINES]}
