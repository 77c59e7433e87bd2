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

_RUNNING: Final = ("capture", "time", "prun")
"""Magics of IPython that run what stands behind them in the notebook."""

_ASSIGNMENTS: Final = (ast.Assign, ast.AnnAssign, ast.AugAssign)


def names_set_by_cells(
    namespace: Mapping[str, object], known: Collection[str], needed: Collection[str]
) -> frozenset[str] | None:
    """The names that count as parameters: those of ``known`` that cells set, and what stands beside them.

    Beside them stands, since the ``parameters`` cell ran last: what an injected cell sets, misspelt names too, and what
    is set by a cell that sets at least one of ``known``, but for what it sets inside a statement, such as the variable
    of a loop. Other cells set variables of the reader. The ``parameters`` cell is the last one that sets every name of
    ``needed`` and was not injected. It sets a few names, and a line that a reader takes out of it is gone: what it said
    before, and what was injected behind that, counts no more, though Python still has the variables.

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
        plain, inside = names_set_by(source)
        names = plain | inside.intersection(known)
        injected = source.lstrip().startswith(_INJECTED)
        is_parameters_cell = not injected and names.issuperset(needed)
        if latest:
            found |= names if injected or not names.isdisjoint(known) else frozenset()
        elif not injected and not is_parameters_cell:
            found |= names.intersection(known)
        if is_parameters_cell:
            latest = False
    return None if latest else frozenset(found)


def names_set_by(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a cell sets by assignments of its own, and all that it sets in the notebook's scope.

    Both are empty when it is no Python and so did not run.
    """
    try:
        body = ast.parse(source).body
        plain = (frozenset(_stored(one) if isinstance(one, _ASSIGNMENTS) else ()) for one in body)
        return frozenset().union(*plain), frozenset(name for one in body for name in _stored(one))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(), frozenset()


def _stored(node: ast.AST) -> Iterator[str]:
    """The names that are set where ``node`` stands, and not in a function, class or comprehension inside it."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name is not None:
        yield node.name
    if isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    if isinstance(node, ast.Call):
        yield from _stored_by_magic(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            if not (isinstance(node, ast.comprehension) and child is node.target):
                yield from _stored(child)


def _stored_by_magic(call: ast.Call) -> Iterator[str]:
    """The names that a cell or a line sets that IPython runs by ``%%capture`` or the like, as ``In`` has it."""
    words = [one.value for one in call.args if isinstance(one, ast.Constant)]
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in ("run_cell_magic", "run_line_magic") and len(words) > 1 and words[0] in _RUNNING:
        plain, inside = names_set_by(str(words[-1]))
        yield from plain | inside
