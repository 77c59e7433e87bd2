"""Takes the auditor's machine out of an executed notebook, which is published: its folders and, with them, names."""

from __future__ import annotations

import html
import json
import re
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from auditkit.packaged import PACKAGE

_BEFORE: Final = r"(?<![\w.~/-])"
_AFTER: Final = r"(?![\w-]|\.\w)"


def without_paths_of_this_machine(
    notebook: dict[str, Any], values: Mapping[str, Any], out: Path, private: Path
) -> dict[str, Any]:
    """The executed notebook without places of this machine; what it says about the audit stays as it is.

    A path among the parameters that says where it is on this machine is told by its name alone. The home folder, the
    current one, and those of Python and auditkit are told by what they are. A folder at the root, such as ``/root``,
    is a name that images have too and is left alone, but for what a cell raised or wrote to standard error.

    Args:
        notebook: the notebook in JSON, as papermill left it.
        values: the parameters that it was run with.
        out: the place that it gets.
        private: the folder that the run had to itself.
    """
    folders = _folders(private, out)
    names = {text: Path(text).name for text in _texts(values) if _is_placed(text)}
    long = {place: told for place, told in folders.items() if place.count("/") > 1}
    tell = _replacing(names | long)
    tell_trouble = _replacing(names | folders | _places_of_python())
    told: dict[str, Any] = _each_text(notebook, tell)
    for cell in told.get("cells", []):
        outputs = cell.get("outputs", [])
        for place, output in enumerate(outputs):
            if output.get("output_type") == "error" or output.get("name") == "stderr":
                outputs[place] = _each_text(output, tell_trouble)
    noted = told["metadata"].get("papermill", {})
    noted |= {
        "input_path": Path(noted.get("input_path") or "").name,
        "output_path": out.name,
        "environment_variables": {},
    }
    return told


def _folders(private: Path, out: Path) -> dict[str, str]:
    """Folders of this machine and what reports call them."""
    told = {
        tempfile.gettempdir(): "(temporary folder)",
        str(private): "(temporary folder)",
        str(PACKAGE.parent): "(auditkit)",
        sys.prefix: "(Python)",
    }
    told[str(out.absolute().parent)] = out.absolute().parent.name
    for folder, name in ((Path.cwd, "."), (Path.home, "~")):
        try:
            told[str(folder())] = name
            told[str(folder().resolve())] = name
        except (OSError, RuntimeError):
            continue
    # A Python of the system is in folders that images have too; those of an environment are not.
    if sys.prefix == sys.base_prefix:
        del told[sys.prefix]
    return {place: name for place, name in told.items() if place.strip("/")}


def _places_of_python() -> dict[str, str]:
    return dict.fromkeys((sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()), "(Python)")


def _is_placed(text: str) -> bool:
    """Whether a parameter is a path that says where something is on this machine."""
    return text.startswith(("/", "~", "..", "file:")) and bool(Path(text).name)


def _texts(values: Mapping[str, Any]) -> Iterable[str]:
    return (value for value in values.values() if isinstance(value, str))


def _replacing(told: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces each of the paths, also where HTML or a literal of Python spells it another way."""
    spelled: dict[str, str] = {}
    for path, name in told.items():
        spelled |= {path: name, html.escape(path): html.escape(name), json.dumps(path)[1:-1]: name}
    if not spelled:
        return str
    longest = sorted(spelled, key=len, reverse=True)
    pattern = re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, longest))}){_AFTER}")
    return lambda text: pattern.sub(lambda found: spelled[found[0]], text)


def _each_text(value: Any, tell: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return tell(value)
    if isinstance(value, list):
        return [_each_text(item, tell) for item in value]
    if isinstance(value, dict):
        return {name: _each_text(item, tell) for name, item in value.items()}
    return value
