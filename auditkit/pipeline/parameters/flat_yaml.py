"""YAML as far as parameters and records need it: one mapping of plain names, and values that read in one way only.

YAML 1.1, which PyYAML reads, takes ``0137000`` for 48640, ``139:00`` for 8340, ``1_000`` for 1000, ``no`` for false and
``2024-01-01`` for a date. Here a number is decimal digits without a leading zero, true, false and null are these words,
and everything else is the text that stands there. What has no use in a flat file and can hide a value is refused:
tags, aliases, repeated names, names that are not plain.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from auditkit.errors import ParameterError
from auditkit.limits import LIMITS

_DIGITS: Final = 100  # of a number; 64 bits have 20, an unquoted hash of digits alone has 64
_TAG: Final = "tag:yaml.org,2002:"


def _refused(problem: str, place: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=place.start_mark)


class _FlatLoader(yaml.SafeLoader):
    """Reads nothing but what the module says."""

    _values = 0  # so far

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (as PyYAML has it)

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._values += 1
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if self._values > LIMITS.yaml_values:
            raise _refused("it holds more values than any real one", event)
        if isinstance(event, yaml.events.AliasEvent):
            raise _refused("aliases are not allowed", event)
        if getattr(event, "tag", None) is not None:
            raise _refused("tags are not allowed", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a name must be plain text", key)
            if key.value in seen:
                raise _refused(f"{key.value[:80]!r} is set twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: Any) -> int:
        if len(node.value) > _DIGITS:
            raise _refused(f"a number has {len(node.value)} digits", node)
        return int(node.value)


_FlatLoader.add_implicit_resolver(
    _TAG + "int", re.compile(r"(?:0|[1-9][0-9]*)\Z", re.ASCII), list("0123456789")
)
_FlatLoader.add_implicit_resolver(_TAG + "bool", re.compile(r"(?:true|false)\Z"), list("tf"))
_FlatLoader.add_implicit_resolver(_TAG + "null", re.compile(r"(?:null|Null|NULL|~|)\Z"), ["n", "N", "~", ""])
_FlatLoader.add_constructor(_TAG + "int", _FlatLoader.construct_number)


def load_yaml(data: bytes | str, where: str) -> Any:
    """The value of a document of flat YAML.

    Raises:
        ParameterError: it is not such a document.
    """
    try:
        return yaml.load(data, Loader=_FlatLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        if "'\\t'" in problem:
            problem = "a tab stands there, and only spaces may"
        raise ParameterError(
            f"the file cannot be understood{line}: {problem}",
            where=where,
            hint="a parameter file has lines NAME: VALUE; `auditkit init FILE` writes one",
        ) from None
