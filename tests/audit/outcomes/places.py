"""Where the code makes decisions: read from its syntax trees, and watched while it runs.

A place is a line of auditkit that asks a `Check` for one of its methods. The syntax tree also tells which checks
those can be: `checks.X`, a name that was bound to one, or a parameter, which the callers give. Where the check is one
of a group, as in a loop over all checks that were not reached, the place tells of no check.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from audit.outcomes.case import Case

import auditkit
from auditkit.decision import Check, Decision

METHODS = tuple(name for name, value in vars(Check).items() if callable(value) and not name.startswith("_"))
PACKAGE = Path(auditkit.__file__).parent
CATALOGUES = ("auditkit.checks", "auditkit.signing.report_checks", "auditkit.signing.building.checks")
OWN = "decision.py"  # where `Check` calls its own methods
LOGS = ("log", "self")  # names of a `DecisionLog`, whose first failure is a property
GROUP = frozenset[str]()


@dataclass(frozen=True, order=True)
class Place:
    """A line that makes a decision by one of the methods of `Check`."""

    file: str
    line: int
    method: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} .{self.method}"


@dataclass(frozen=True)
class Module:
    """A module of auditkit and its syntax tree; its name is its path in the package."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def catalogues(self) -> dict[str, object]:
        """The catalogues of checks that it imports, by the names that it gives them."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (name := f"{node.module}.{alias.name}") in CATALOGUES:
                        found[alias.asname or alias.name] = importlib.import_module(name)
        return found

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What the node stands in, from the inside out."""
        while (node := self.parents.get(node)) is not None:
            yield node


@dataclass
class Reader:
    """Finds every place in the modules of a package."""

    modules: tuple[Module, ...]
    unknown: list[str] = field(default_factory=list)

    @classmethod
    def of_package(cls, folder: Path = PACKAGE) -> Reader:
        files = sorted(folder.rglob("*.py"))
        return cls(tuple(Module(path.relative_to(folder).as_posix(), path.read_text()) for path in files))

    def places(self) -> dict[Place, frozenset[str]]:
        """The ids of the checks that each place can decide; none where it is one of a group."""
        found: dict[Place, frozenset[str]] = {}
        for module in self.modules:
            if module.name == OWN or not any(f".{method}" in module.text for method in METHODS):
                continue
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.Attribute) or node.attr not in METHODS:
                    continue
                place = Place(module.name, node.end_lineno or 0, node.attr)
                checks, name = self._checks(module, node.value), ast.unparse(node.value)
                if place in found:
                    self.unknown.append(f"{place}: two on one line")
                elif checks is not None:
                    found[place] = checks
                elif name not in LOGS or _is_called(module, node):
                    self.unknown.append(f"{place}: {name}")
        return found

    def _checks(self, module: Module, value: ast.AST) -> frozenset[str] | None:
        """The ids of what an expression can be; `GROUP` for one of a group; None when it is no check at all."""
        match value:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in module.catalogues:
                known = getattr(module.catalogues[name], attribute)
                return frozenset({known.id}) if isinstance(known, Check) else GROUP
            case ast.IfExp(body=one, orelse=other):
                ways = [self._checks(module, one), self._checks(module, other)]
                return None if None in ways else frozenset().union(*ways)
            case ast.Subscript(value=group):
                return self._checks(module, group)
            case ast.Name(id=name):
                return self._bound(module, name, value)
        return None

    def _bound(self, module: Module, name: str, node: ast.AST) -> frozenset[str] | None:
        for outer in module.above(node):
            loops = getattr(outer, "generators", [outer] if isinstance(outer, ast.For) else [])
            if any(isinstance(loop.target, ast.Name) and loop.target.id == name for loop in loops):
                return GROUP
            if isinstance(outer, ast.FunctionDef):
                values = [
                    inner.value
                    for inner in ast.walk(outer)
                    if isinstance(inner, ast.Assign)
                    and any(isinstance(target, ast.Name) and target.id == name for target in inner.targets)
                ]
                if values:
                    ways = [self._checks(module, value) for value in values]
                    return None if None in ways else frozenset().union(*ways)
                parameters = [*outer.args.posonlyargs, *outer.args.args, *outer.args.kwonlyargs]
                for index, parameter in enumerate(parameters):
                    if parameter.arg == name and ast.unparse(parameter.annotation or outer) == "Check":
                        return self._given(module, outer, index, name)
        return None

    def _given(
        self, module: Module, function: ast.FunctionDef, index: int, name: str
    ) -> frozenset[str] | None:
        """What the callers of a function give for a parameter, or what it is where they give nothing."""
        absent = _default(function, name)
        ways: list[frozenset[str] | None] = []
        for other in [module] if function.name.startswith("_") else self.modules:
            for call in ast.walk(other.tree) if function.name in other.text else ():
                called = getattr(call, "func", None)
                if getattr(called, "id", getattr(called, "attr", None)) != function.name:
                    continue
                named = [keyword.value for keyword in call.keywords if keyword.arg == name]
                (value,) = named or call.args[index : index + 1] or [absent]
                ways.append(self._checks(module if value is absent else other, value))
        return None if None in ways or not ways else frozenset().union(*ways)


def _default(function: ast.FunctionDef, name: str) -> ast.AST | None:
    """What a parameter that may only be given by its name is otherwise."""
    pairs = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return next((value for parameter, value in pairs if parameter.arg == name), None)


def _is_called(module: Module, node: ast.AST) -> bool:
    above = module.parents[node]
    return isinstance(above, ast.Call) and above.func is node


@dataclass
class Watch:
    """The decisions that were made, each with its place."""

    made: list[tuple[Place, Decision]] = field(default_factory=list)

    def places_of(self, decision: Decision) -> Iterator[Place]:
        """Where this decision was made; what was added to it later, such as its evidence, is left aside."""
        for place, made in self.made:
            if (made.id, made.outcome, made.observed) == (decision.id, decision.outcome, decision.observed):
                yield place


class _Watched:
    """A method of `Check` that notes who asks for it."""

    def __init__(self, name: str, watch: Watch) -> None:
        self.name, self.method, self.watch = name, getattr(Check, name), watch

    def __get__(self, check: Check, owner: type) -> object:
        frame = sys._getframe(1)
        file = Path(frame.f_code.co_filename)
        inside = file.is_relative_to(PACKAGE)
        place = Place(file.relative_to(PACKAGE).as_posix() if inside else "", frame.f_lineno, self.name)

        def decide(*arguments, **more) -> Decision:
            decision = self.method(check, *arguments, **more)
            if place.file != OWN:
                self.watch.made.append((place, decision))
            return decision

        return decide


@contextmanager
def watching() -> Iterator[Watch]:
    """Notes every decision that is made inside."""
    watch = Watch()
    methods = {name: getattr(Check, name) for name in METHODS}
    try:
        for name in methods:
            setattr(Check, name, _Watched(name, watch))
        yield watch
    finally:
        for name, method in methods.items():
            setattr(Check, name, method)


def reached_by(case: Case) -> frozenset[tuple[Place, str]]:
    """Which places made the decision of a case, and about which check."""
    with watching() as watch:
        decision = case.decision()
    return frozenset((place, decision.id) for place in watch.places_of(decision))


def left_out(
    places: Mapping[Place, frozenset[str]], reached: Iterable[tuple[Place, str]]
) -> set[tuple[Place, str]]:
    """The places, each with a check that it can decide, that no case reached."""
    met = set(reached)
    met |= {(place, "any check") for place, _ in met}
    wanted = {(place, check) for place, checks in places.items() for check in checks or ("any check",)}
    return wanted - met
