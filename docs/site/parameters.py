"""The tables of params/README.md, from the code: what a parameter takes, what it is by default, what it means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from auditkit.pipeline.parameters import MEANINGS, TOPICS, Parameters, Topic


def with_tables(page: str) -> str:
    """The page with the table below each of its headings made anew; what stands around the tables stays.

    Raises:
        ValueError: a topic has no heading there, or a parameter no meaning.
    """
    if missing := set(Parameters.model_fields) - set(MEANINGS):
        raise ValueError(f"nobody says what these mean: {', '.join(sorted(missing))}")
    for topic in TOPICS:
        section = re.compile(
            rf"(^## {re.escape(topic.heading)}\n(?:(?!^##? ).*\n)*?)((?:^\|.*(?:\n|\Z))+)", re.MULTILINE
        )
        table = "".join(f"{line}\n" for line in _table(topic))
        page, made = section.subn(lambda match, table=table: match[1] + table, page)
        if made != 1:
            raise ValueError(f"there is no table below the heading {topic.heading!r}")
    return page


def _table(topic: Topic) -> Iterator[str]:
    yield "| name | takes | by default | meaning |"
    yield "|---|---|---|---|"
    for meaning in topic.meanings:
        told = " ".join(filter(None, (meaning.summary, meaning.more)))
        yield f"| `{meaning.name}` | {meaning.takes} | {_default(meaning.name)} | {told} |"


def _default(name: str) -> str:
    field = Parameters.model_fields[name]
    if field.is_required():
        return "–"
    value = field.default
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
