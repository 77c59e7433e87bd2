"""What is wrong with the value of a parameter, in a plain sentence, and what was probably meant."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from auditkit.errors import ParameterError
from auditkit.numbers import EXACT, proposal_digits

# The two variables that dfinity's build of a recovery image reads; nothing else comes from the environment.
ENVIRONMENT: Final = {
    "proposal_id": "ALTERNATIVE_GUESTOS_PROPOSAL_ID",
    "base_version": "ALTERNATIVE_GUESTOS_BASE_VERSION",
}
_README: Final = "params/README.md says what it takes"
_PATTERNS: Final = {
    "base_version": "40 hex digits in lower case are expected, or auto",
    "base_image_sha256": "64 hex digits in lower case are expected, or null",
    "boot_args": "the name of a command line is expected, such as BOOT_ARGS_TEE_A",
}
_LISTS: Final = {
    "vcpus": "[64]",
    "vcpu_types": "[EPYC-v4, EPYC-Genoa, EPYC-Turin]",
    "boot_args": "[BOOT_ARGS_TEE_A, BOOT_ARGS_TEE_B]",
}
# The NNS's own words for where a proposal is, and those of people.
_STAGES: Final = {
    **dict.fromkeys(("open", "voting", "voter", "votes"), "vote"),
    **dict.fromkeys(("executed", "adopted", "recovery", "build"), "recover"),
}
_NOTHING: Final = frozenset({"none", "nil", "nothing", "undefined", "~"})
_YES_AND_NO: Final = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


def unknown_parameter(name: str, known: Iterable[str]) -> ParameterError:
    """The error about a name that no parameter has."""
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(plain, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "params/README.md names every parameter"
    return ParameterError(f"there is no parameter called {name[:80]!r}", hint=hint)


def refused_value(fault: Mapping[str, Any]) -> ParameterError:
    """The error about a value that the model refused.

    Args:
        fault: what pydantic says of it, an entry of ``ValidationError.errors()``.
    """
    name, *place = fault["loc"]
    if fault["type"] == "missing":
        hint = f"add it, or set {ENVIRONMENT[name]}" if name in ENVIRONMENT else "add it"
        return ParameterError(f"the parameter {name} is missing", hint=hint)
    entry = f", entry {place[0] + 1}," if place and isinstance(place[0], int) else ""
    choices = re.findall(r"'([^']*)'", str(fault.get("ctx", {}).get("expected", "")))
    return ParameterError(
        f"the parameter {name}{entry} cannot be {shown(fault['input'])}: {_sentence(name, fault)}",
        hint=_meant(name, fault["input"], choices, in_list=bool(entry)) or _hint(name),
    )


def unreadable_value(name: str, value: str) -> ParameterError:
    """The error about a text behind ``NAME=`` that is no YAML."""
    told = f", such as {_LISTS[name]}" if name in _LISTS else ""
    what = "a list in brackets is" if name in _LISTS else "another value is"
    return ParameterError(
        f"the parameter {name} cannot be {shown(value)}: {what} expected{told}", hint=_hint(name)
    )


def shown(value: object) -> str:
    """A value as errors quote it."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


_SENTENCES: Final[Mapping[str, Callable[[str, Any], str]]] = {
    "bool_type": lambda _name, _of: "true or false is expected",
    "int_type": lambda _name, _of: "a whole number in decimal digits is expected",
    "string_type": lambda name, _of: _PATTERNS.get(name, "a text is expected"),
    "tuple_type": lambda name, _of: f"a list in brackets is expected, such as {_LISTS[name]}",
    "string_pattern_mismatch": lambda name, _of: _PATTERNS[name],
    "literal_error": lambda _name, of: f"{of['expected']} is expected".replace("'", ""),
    "greater_than_equal": lambda _name, of: f"it is less than {of['ge']}",
    "less_than_equal": lambda _name, of: f"it is more than {of['le']}",
    "less_than": lambda _name, of: (
        "it is 2^53 or more, which not every reader of a report would read alike"
        if of["lt"] == EXACT
        else f"it is {of['lt']} or more"
    ),
    "too_short": lambda _name, _of: "the list is empty",
    "too_long": lambda _name, of: f"the list has more than {of['max_length']} entries",
    "string_too_short": lambda _name, _of: "it is empty",
    "string_too_long": lambda _name, of: f"it has more than {of['max_length']} characters",
    "string_unicode": lambda _name, _of: "its bytes are not UTF-8",
}


def _sentence(name: str, fault: Mapping[str, Any]) -> str:
    say = _SENTENCES.get(fault["type"])
    if say is not None:
        return say(name, fault.get("ctx", {}))
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}"


def _hint(name: str) -> str:
    hints = {
        "base_version": "give 40 hex digits in lower case, in quotes, or auto",
        "proposal_id": "give a whole number from 1 in decimal digits, without a leading zero",
        "base_image_sha256": "give 64 hex digits in lower case, in quotes, or null",
    }
    return hints.get(name, _README)


def _meant(name: str, value: object, choices: list[str], *, in_list: bool) -> str | None:
    """What to write instead, where that is likely; else None."""
    if name in _LISTS and not in_list and isinstance(value, str | int) and not isinstance(value, bool):
        entries = [part.strip() for part in str(value).strip("[](){} ").split(",")]
        return f"did you mean [{', '.join(entries)}]?" if all(entries) and len(str(value)) < 80 else None
    if name == "proposal_id" and value is None:
        return "write its digits; what stands behind a # is left out"
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    plain = str(value).strip("'\" ").casefold()
    if name == "proposal_id":
        number = proposal_digits(str(value))
        return f"did you mean {number}?" if number and isinstance(value, str) else None
    if name in ("base_version", "base_image_sha256"):
        return _meant_digits(name, value)
    if name == "all_urls" and plain in _YES_AND_NO:
        return f"did you mean {_YES_AND_NO[plain]}?"
    if name == "stage" and plain in _STAGES:
        return f"did you mean {_STAGES[plain]}?"
    near = difflib.get_close_matches(plain, choices, n=1)
    return f"did you mean {near[0]}?" if near else None


def _meant_digits(name: str, value: str | int) -> str | None:
    wanted = 40 if name == "base_version" else 64
    word = "auto" if name == "base_version" else "null"
    plain = str(value).strip("'\" ").casefold().removeprefix("sha256:").removeprefix("0x")
    if plain == word or (word == "null" and plain in _NOTHING):
        return f"did you mean {word}?"
    if not re.fullmatch(r"[0-9a-f]+", plain, re.ASCII):
        return None
    if len(plain) == wanted:
        return f"put it in quotes: '{plain}'" if isinstance(value, int) else f"did you mean {plain}?"
    return f"give all {wanted} hex digits, in quotes, or {word}: it has {len(plain)}"
