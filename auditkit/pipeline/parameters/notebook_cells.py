"""What the cells of a running notebook set: its ``parameters`` cell, and the one that papermill puts behind it.

A notebook's variables are no list of its parameters: a second run finds those of the first among them, and a reader has
some of their own. So the cells themselves are asked, which IPython keeps in the order in which they ran.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final

_INJECTED: Final = "# Parameters"
"""How papermill begins the cell that it injects, behind the one that is tagged ``parameters``."""


def names_set_by_cells(
    namespace: Mapping[str, object], known: Collection[str], needed: Collection[str]
) -> frozenset[str] | None:
    """The names that count as parameters: those of ``known`` that cells set, and what stands beside them.

    Beside them stands, since the ``parameters`` cell ran last: what an injected cell sets, misspelt names too, and what
    is set by a cell that sets at least one of ``known``. Other cells set variables of the reader. The ``parameters``
    cell is the last one that sets every name of ``needed`` and was not injected. It sets a few names, and a line that a
    reader takes out of it is gone: what it said before, and what was injected behind that, counts no more, though
    Python still has the variables.

    Args:
        namespace: the variables of the notebook, ``In`` among them.
        known: the names of all parameters.
        needed: the names of those that every ``parameters`` cell sets.

    Returns:
        None when that is unknown: outside IPython, or where no cell was the ``parameters`` cell.
    """
    ran = namespace.get("In")
    if not isinstance(ran, list) or not all(isinstance(source, str) for source in ran):
        return None
    found: set[str] = set()
    latest = True
    for source in reversed(ran):
        names = frozenset(names_set_by(source))
        injected = source.lstrip().startswith(_INJECTED)
        is_parameters_cell = not injected and names.issuperset(needed)
        if latest:
            found |= names if injected or not names.isdisjoint(known) else frozenset()
        elif not injected and not is_parameters_cell:
            found |= names.intersection(known)
        if is_parameters_cell:
            latest = False
    return None if latest else frozenset(found)


def names_set_by(source: str) -> Iterator[str]:
    """The names that a cell sets at its outermost level; none when it is no Python and so did not run."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
            targets = [statement.target]
        else:
            continue
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    yield node.id
