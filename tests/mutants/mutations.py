"""What a mutant is: one place of a module, changed in one way. The changes are Cosmic Ray's, and two of our own."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import IfStmt, Keyword
from parso.tree import NodeOrLeaf

# `is` for `==` and back is mostly the same decision, and the rest is no change of a rule.
NOT_OURS = (
    "NoOp",
    "VariableReplacer",
    "VariableInserter",
    "RemoveDecorator",
    "_Is_Eq",
    "_Eq_Is",
    "_IsNot_NotEq",
    "_NotEq_IsNot",
)


class ConditionNeverHolds(Operator):
    """Writes ``if False`` for a condition: most refusals stand behind one."""

    def mutation_positions(self, node):
        if isinstance(node, IfStmt):
            yield from ((test.start_pos, test.end_pos) for test in node.get_test_nodes())

    def mutate(self, node, index):
        test = list(node.get_test_nodes())[index]
        node.children[node.children.index(test)] = Keyword("False", test.start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls):
        return ()


class CallLeftOut(Operator):
    """Writes ``pass`` for a statement that is a call: so are checks made whose result nobody takes."""

    def mutation_positions(self, node):
        if node.type == "simple_stmt" and node.children[0].type in {"atom_expr", "power"}:
            call = node.children[0]
            if call.children[-1].type == "trailer" and call.children[-1].children[0].value == "(":
                yield (call.start_pos, call.end_pos)

    def mutate(self, node, index):
        call = node.children[0]
        node.children[0] = Keyword("pass", call.start_pos, prefix=call.get_first_leaf().prefix)
        return node

    @classmethod
    def examples(cls):
        return ()


def operators() -> dict[str, Operator]:
    """Every kind of change, by name."""
    theirs = {name: get_operator(name) for name in operator_names() if not name.endswith(NOT_OURS)}
    kinds = {**theirs, "ConditionNeverHolds": ConditionNeverHolds, "CallLeftOut": CallLeftOut}
    return {name.removeprefix("core/"): kind() for name, kind in sorted(kinds.items())}


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str  # the path of its file in the tree
    line: int
    operator: str
    code: str  # the changed module
    statement: range  # the lines of the statement, a compound one's without its body; empty outside functions


def sample(tree: Path, modules: list[str], *, seed: str, count: int) -> list[Mutant]:
    """``count`` places of ``modules``, each changed in one way, drawn by ``seed``."""
    kinds = operators()
    sources = {module: (tree / module).read_text() for module in modules}
    places: dict[tuple[str, tuple[int, int]], list[tuple[str, int]]] = {}
    for module, source in sources.items():
        for position, operator, occurrence in _changes(source, kinds):
            places.setdefault((module, position), []).append((operator, occurrence))
    draw = random.Random(seed)
    drawn: list[Mutant] = []
    for place in draw.sample(sorted(places), len(places)):
        operator, occurrence = draw.choice(places[place])
        module, position = place
        code = _changed(sources[module], kinds[operator], occurrence)
        if code is not None:
            drawn.append(Mutant(module, position[0], operator, code, _statement(sources[module], position)))
        if len(drawn) == count:
            break
    return drawn


def _changes(source: str, kinds: dict[str, Operator]) -> Iterator[tuple[tuple[int, int], str, int]]:
    closed = [_span(node) for node in _left_out(ast.parse(source))]
    nodes = [node for node in ast_nodes(get_ast(source)) if node.type not in {"name", "string", "newline"}]
    marks = {node.start_pos for node in nodes if node.type == "operator" and _is_mark(node)}
    for name, operator in kinds.items():
        positions = [position for node in nodes for position in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(positions):
            if start not in marks and not any(first <= start and end <= last for first, last in closed):
                yield start, name, occurrence


def _is_mark(operator: NodeOrLeaf) -> bool:
    """Whether it stands in a parameter list, where it says who may give what by place, and computes nothing."""
    return operator.parent.type in {"parameters", "param"}


def _changed(source: str, operator: Operator, occurrence: int) -> str | None:
    try:
        code = mutate_code(source, operator, occurrence)
        ast.parse(code)
    except (SyntaxError, AttributeError):  # `except a.b` is one that Cosmic Ray fails at
        return None
    return str(code)


def _left_out(tree: ast.AST) -> Iterator[ast.AST]:
    """What says nothing to a machine, or is known when a module is imported: texts, types, imports, decorators."""
    for node in ast.walk(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") as types):
                yield types
            case ast.JoinedStr() | ast.Constant(value=str()) | ast.Import() | ast.ImportFrom():
                yield node
            case ast.arg(annotation=ast.expr() as types) | ast.AnnAssign(annotation=types):
                yield types
            case ast.FunctionDef(decorator_list=marks, returns=types):
                yield from [*marks, *([types] if types else [])]
            case ast.ClassDef(decorator_list=marks):
                yield from marks
            case ast.Assign(targets=[ast.Name(id=name)]) if name == "__all__" or _names_a_type(name):
                yield node


def _names_a_type(name: str) -> bool:
    return name[0].isupper() and not name.isupper()


def _span(node: ast.AST) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def _statement(source: str, position: tuple[int, int]) -> range:
    found, inside = range(0), False
    for node in ast.walk(ast.parse(source)):  # the outer ones come first
        if isinstance(node, ast.stmt) and _span(node)[0] <= position < _span(node)[1]:
            inside = inside or isinstance(node, ast.FunctionDef)
            body = getattr(node, "body", None)
            found = range(node.lineno, body[0].lineno if body else (node.end_lineno or node.lineno) + 1)
            found = found or range(node.lineno, node.lineno + 1)
    return found if inside else range(0)
