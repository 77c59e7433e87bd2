"""How pages are made from templates: nothing reaches one without being made visible, bounded and escaped.

Every expression of a template passes through `_shown`, so no text reaches a page without its invisible characters
spelled out and its length bounded; jinja2's autoescape then escapes it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

from auditkit.display import shortened, visible
from auditkit.limits import LIMITS

if TYPE_CHECKING:
    from jinja2 import Environment

# Behind a slash of an address, and before the ref that follows a workflow.
_BREAKS: Final = re.compile(r"(?<=[^/:]/)(?=[^/])|(?=@)")


@cache
def page_environment() -> Environment:
    """The one environment of all templates."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415  (only a rendering needs them)

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        loader=FunctionLoader(resource),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shortened=shortened, parted=_parted, lines=_lines, bytes=_bytes)
    environment.globals.update(styles=Markup(resource("report.css")))  # noqa: S704  (our own file)
    return environment


def resource(name: str) -> str:
    """The text of a file beside the renderings, in ``templates/``."""
    return (files("auditkit.report.rendering") / "templates" / name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    if isinstance(value, Markup):
        return value
    return visible(shortened(str(value), LIMITS.shown_characters))


def _parted(text: str) -> object:
    """A text that was shortened before; where it holds an address, a line may end where a reader would end it."""
    if "://" not in text:
        return text
    return Markup("<wbr>").join(escape(_shown(part)) for part in _BREAKS.split(text))


def _lines(text: str, limit: int) -> list[str]:
    """The lines of a long text that others wrote, within ``limit`` characters altogether."""
    return shortened(text, limit).split("\n")


def _bytes(size: int) -> str:
    return f"{size:,} bytes"
