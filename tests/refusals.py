"""The floor of `make coverage`: lines that refuse, fail or warn, and that no quick test executes.

    coverage run -m pytest ... && coverage combine && python tests/refusals.py

Lists them, and ends with 1 where they are more than `NEVER_RUN`. Lower the number with each that gets its test.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parent.parent
NEVER_RUN = 97  # of the 1,063 there were in version 0.6.2; 69 of 832 in 0.4.0
ERRORS = {"EvidenceError", "SourceError", "ParameterError", "SigningError"}
DECISIONS = {"failed", "warned"}


def refusals(source: str) -> Iterator[range]:
    """The lines of each `raise EvidenceError(` and its like, and of each `.failed(` and `.warned(`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name in ERRORS:
                yield range(node.lineno, (node.end_lineno or node.lineno) + 1)
            case ast.Call(func=ast.Attribute(attr=name, end_lineno=int(line))) if name in DECISIONS:
                yield range(line, (node.end_lineno or line) + 1)


def main() -> int:
    measured = coverage.Coverage()
    measured.load()
    count, never = 0, []
    for file in sorted((ROOT / "auditkit").rglob("*.py")):
        executed = set(measured.get_data().lines(str(file)) or ())
        for lines in refusals(file.read_text()):
            count += 1
            if executed.isdisjoint(lines):
                never.append(f"{file.relative_to(ROOT)}:{lines.start}")
    print(*never, f"{len(never)} of {count} refusals never run; at most {NEVER_RUN} may", sep="\n")
    return 1 if len(never) > NEVER_RUN else 0


if __name__ == "__main__":
    sys.exit(main())
