"""A parameter file that explains itself: every parameter, what it takes and means, and its value."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from auditkit.pipeline.parameters.flat_yaml import load_yaml
from auditkit.pipeline.parameters.meanings import TOPICS, Meaning
from auditkit.pipeline.parameters.parameters import Parameters

_WIDTH: Final = 110
_EXAMPLES: Final = {"recovery": "139000", "election": "143409"}
"""Proposals by the subject of their audit, to show where a number goes."""
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./:{}-]*", re.ASCII)


def commented_file(values: Mapping[str, object], *, about: str) -> str:
    """The text of a parameter file with a line for each parameter.

    Reading it gives these values again, and for all others their defaults. Where ``values`` has no ``proposal_id``, its
    line is left to be filled in.

    Args:
        values: of parameters, by name.
        about: what stands at the top, in paragraphs; a line that begins with spaces stays as it is.

    Raises:
        ParameterError: the values make no sense.
    """
    effective = Parameters.from_mapping({"proposal_id": 1, **values}).to_plain()
    example = _EXAMPLES[effective["subject"]]
    lines = list(_comment(about))
    for topic in TOPICS:
        lines += ["", f"# ----- {topic.heading} -----"]
        for meaning in topic.meanings:
            given = meaning.name in values or meaning.name != "proposal_id"
            lines += ["", *_explained(meaning)]
            lines += (
                [f"{meaning.name}: {_yaml(effective[meaning.name])}"]
                if given
                else _to_fill_in(meaning.name, example)
            )
    return "\n".join(lines) + "\n"


def _explained(meaning: Meaning) -> Iterator[str]:
    yield from _comment(f"{_sentence(meaning.summary)}\nTakes: {meaning.takes}.")


def _to_fill_in(name: str, example: str) -> list[str]:
    return ["# FILL IN: take the # away, and put your value there.", f"# {name}: {example}"]


def _sentence(text: str) -> str:
    ended = text if text.endswith((".", "?")) else f"{text}."
    return ended if ended[1].isupper() else f"{ended[0].upper()}{ended[1:]}"


def _comment(text: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        pieces = (
            [paragraph]
            if paragraph.startswith(" ")
            else textwrap.wrap(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)
        )
        yield from (f"# {piece}".rstrip() for piece in pieces or [""])


def _yaml(value: Any) -> str:
    """A value in flat YAML; a text in quotes where it would be read as something else without."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, int) or (_PLAIN.fullmatch(text) and load_yaml(f"x: {text}", "") == {"x": text}):
        return text
    # In single quotes nothing is an escape; a text of several lines is none of ours.
    return "'" + text.replace("'", "''") + "'"
