"""The API reference: one page for the package and one for each wing, from their public names and docstrings."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import auditkit

WINGS = (
    "ic", "guestos", "sev", "provenance", "audit", "evidence", "report", "signing", "trust", "pipeline", "batch",
    "notebook", "practice",
)  # fmt: skip

HEAD = """# API reference

What other programs may import: `auditkit` itself, and what each wing's package exports. Names that are not here may
change in any version. [architecture.md](../architecture.md) says what each wing is for.

```{toctree}
:maxdepth: 1

%s
```
"""


def reference() -> dict[str, str]:
    """Each page of the reference, as Markdown, by its name."""
    modules = {"auditkit": "auditkit", **{wing: f"auditkit.{wing}" for wing in WINGS}}
    pages = {name: "\n".join(_page(module)) for name, module in modules.items()}
    return {"index": HEAD % "\n".join(pages), **pages}


def _page(module: str) -> Iterator[str]:
    loaded = import_module(module)
    yield from (
        f"# {module}",
        "",
        "```{eval-rst}",
        f".. automodule:: {module}",
        "   :no-members:",
        "",
        "```",
        "",
    )
    names = sorted((name for name in loaded.__all__ if not name.startswith("_")), key=str.lower)
    if module != "auditkit":
        above = [name for name in names if name in auditkit.__all__]
        names = [name for name in names if name not in above]
        if above:
            yield f"In [auditkit](auditkit.md): {', '.join(f'`{name}`' for name in above)}.\n"
    told = _sentences(module)
    yield "```{eval-rst}"
    for name in names:
        value = getattr(loaded, name)
        if inspect.isclass(value):
            yield from (f".. autoclass:: {module}.{name}", "   :members:", "   :class-doc-from: class", "")
        elif inspect.isroutine(value):
            yield from (f".. autofunction:: {module}.{name}", "")
        else:
            yield f".. py:data:: {module}.{name}"
            if isinstance(value, str | int) and len(repr(value)) <= 70:
                yield f"   :value: {str(value) if isinstance(value, Enum) else value!r}"
            yield ""
            yield from (f"   {line}" for line in told.get(name, "").splitlines())
            yield ""
    yield from ("```", "")


def _sentences(module: str) -> dict[str, str]:
    """What stands below each constant of a wing, where something does."""
    found: dict[str, str] = {}
    for path in Path(auditkit.__file__).parent.joinpath(*module.split(".")[1:]).rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for statement, below in pairwise(body):
            targets = [statement.target] if isinstance(statement, ast.AnnAssign) else []
            targets = statement.targets if isinstance(statement, ast.Assign) else targets
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                text = inspect.cleandoc(str(below.value.value))
                found |= {target.id: text for target in targets if isinstance(target, ast.Name)}
    return found
