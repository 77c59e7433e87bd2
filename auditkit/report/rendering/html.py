"""`report.html`: one self-contained file that loads nothing, runs nothing and escapes everything.

Every expression of the template passes through `_shown`, so no text reaches the page without its invisible
characters spelled out and its length bounded; jinja2's autoescape then escapes it. A Content-Security-Policy
forbids scripts and all loading, should both ever fail.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from auditkit.display import shortened, visible
from auditkit.limits import LIMITS
from auditkit.report.document import SCHEMA_ID, AuditDocument
from auditkit.report.rendering import summary
from auditkit.report.rendering.chain import chain_svg
from auditkit.report.rendering.glossary import GLOSSARY

if TYPE_CHECKING:
    from jinja2 import Template

_DRAWN_ROWS: Final = 24
_LISTED_ROWS: Final = 500
_SHOWN_COMMAND_LINES: Final = 12


def render_html(document: AuditDocument) -> str:
    """The whole report as one HTML document. The same document gives the same text, on every machine."""
    return _template().render(
        document=document,
        subject=document.subject,
        summary=summary,
        groups=summary.groups(document),
        chain=Markup(chain_svg(document.decisions)),  # noqa: S704  (it escapes what it holds)
        ids=frozenset(decision.id for decision in document.decisions),
        release_name=summary.release_name(document),
        glossary=GLOSSARY,
        shown_command_lines=_SHOWN_COMMAND_LINES,
        command_lines=_command_lines(document),
        schema_id=SCHEMA_ID,
        drawn_rows=_DRAWN_ROWS,
        listed_rows=_LISTED_ROWS,
        styles=Markup(_resource("report.css")),  # noqa: S704  (our own file)
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415  (only a rendering needs them)

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        loader=FunctionLoader(_resource),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shortened=shortened, lines=_lines, e8s=_e8s, bytes=_bytes)
    return environment.get_template("report.html.jinja")


def _command_lines(document: AuditDocument) -> dict[str, str]:
    lines = document.measured.command_lines if document.measured is not None else ()
    return {line.name: line.value for line in lines[:_SHOWN_COMMAND_LINES]}


def _resource(name: str) -> str:
    return (files("auditkit.report.rendering") / "templates" / name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    if isinstance(value, Markup):
        return value
    return visible(shortened(str(value), LIMITS.shown_characters))


def _lines(text: str, limit: int) -> list[str]:
    """The lines of a long text that others wrote, within ``limit`` characters altogether."""
    return shortened(text, limit).split("\n")


def _e8s(voting_power: int) -> str:
    """Voting power in whole units, for reading."""
    return f"{voting_power // 100_000_000:,}"


def _bytes(size: int) -> str:
    return f"{size:,} bytes"
