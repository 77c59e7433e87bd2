"""Mutation testing of what decides: a seeded sample of changes to each wing, each of which a test has to notice.

    python tests/mutants/run.py [--wing ic] [--module auditkit/ic/cbor.py] [--count 150] [--seed 12] [--json FILE]

Works on copies of the tree (with what is not committed yet). Exit status 1 where a wing has a tenth of survivors or
more, 2 where the unmutated tree fails its tests. See docs/testing.md.
"""

from __future__ import annotations

import argparse
import compileall
import difflib
import importlib
import json
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path

from mutations import Mutant, sample
from trial import Known, Trial, learn

ROOT = Path(__file__).resolve().parents[2]
# The tests of each wing, without those marked slow: its own, and others that make its checks fail.
WINGS = {
    "ic": ["tests/ic", "tests/audit/test_every_outcome.py", "tests/pipeline/test_chip_answers.py"],
    "audit": ["tests/audit"],
    "signing": ["tests/signing"],
    "guestos/ext4": ["tests/guestos/ext4"],
    "sev": ["tests/sev"],
    "provenance": ["tests/provenance", "tests/audit/test_every_outcome.py"],
}
LEFT_OUT = [  # series of damaged files and the like: minutes, for what the others see
    "tests/audit/test_no_outcome_is_left_out.py",
    "tests/ic/test_bombs.py",
    "tests/ic/test_every_byte.py",
    "tests/signing/test_tampering.py",
    "tests/signing/test_sample.py",
]
ENOUGH = 0.9


@dataclass(frozen=True)
class Result:
    """What became of a mutant: ``killed``, ``timeout`` (killed, too) or ``survived``."""

    wing: str
    mutant: Mutant
    outcome: str
    seconds: float
    runs: int  # the tests that run the changed statement
    diff: tuple[str, ...]


@dataclass(frozen=True)
class Running:
    """A trial that has begun."""

    trial: Trial
    mutant: Mutant
    source: str  # of its module, unchanged
    runs: int
    since: float
    deadline: float


def copies(folder: Path, count: int) -> list[Path]:
    """Copies of the tree, with bytecode that is judged by the source's hash: a changed module is always compiled."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    trees = [folder / str(number) / "tree" for number in range(count)]
    for tree in trees:
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(tree / "auditkit", quiet=2, invalidation_mode=mode)
    return trees


def portions(mutant: Mutant, known: Known, seconds: float) -> tuple[int, list[list[str]]]:
    """How many tests run the changed statement, and the tests to run: first these, then others.

    As many as took ``seconds`` on the unmutated tree, the quick files first; those that run the statement always.
    """
    lines = [known.run_by.get((mutant.module, line), set()) for line in mutant.statement]
    running = set().union(*lines)
    module = [tests for (name, _), tests in known.run_by.items() if name == mutant.module]
    nearby = set().union(*module) - running
    further = set(known.seconds) - running - nearby
    chosen, spent = [], 0.0
    for tests in (running, nearby, further):
        chosen.append([])
        for _, test in sorted((_pace(test, tests, known), test) for test in tests):
            spent += known.seconds.get(test, 0)
            if spent <= seconds or tests is running:
                chosen[-1].append(test)
    return len(running), chosen


def _pace(test: str, tests: set[str], known: Known) -> tuple[float, str]:
    file = test.partition("::")[0]
    same = [known.seconds.get(other, 0) for other in tests if other.startswith(f"{file}::")]
    return sum(same) / len(same), file


def diff(before: str, after: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


def try_out(
    wing: str, mutants: list[Mutant], known: Known, trees: list[Path], options: argparse.Namespace
) -> Iterator[Result]:
    """Tries the mutants, as many at a time as there are trees."""
    waiting, free = list(reversed(mutants)), list(trees)
    running: dict[int, Running] = {}
    try:
        while waiting or running:
            while waiting and free:
                begun = begin(waiting.pop(), free.pop(), known, options.seconds)
                running[begun.trial.sentinel] = begun
            soonest = min(begun.deadline for begun in running.values())
            ended = set(wait(list(running), timeout=max(0.0, soonest - time.monotonic())))
            for sentinel, begun in list(running.items()):
                if sentinel in ended or time.monotonic() >= begun.deadline:
                    del running[sentinel]
                    status, mutant = begun.trial.end(), begun.mutant
                    outcome = "timeout" if sentinel not in ended else "survived" if status == 0 else "killed"
                    (begun.trial.tree / mutant.module).write_text(begun.source)
                    free.append(begun.trial.tree)
                    took = round(time.monotonic() - begun.since, 1)
                    yield Result(wing, mutant, outcome, took, begun.runs, diff(begun.source, mutant.code))
    finally:
        for begun in running.values():
            begun.trial.end()


def begin(mutant: Mutant, tree: Path, known: Known, seconds: float) -> Running:
    source = (tree / mutant.module).read_text()
    (tree / mutant.module).write_text(mutant.code)
    runs, tests = portions(mutant, known, seconds)
    trial = Trial(tree, tests)
    trial.start()
    usual = sum(known.seconds.get(test, 0) for portion in tests for test in portion)
    now = time.monotonic()
    return Running(trial, mutant, source, runs, since=now, deadline=now + 30 + 4 * usual)


def main() -> int:
    parser = argparse.ArgumentParser(description="Change the code, and see whether a test notices.")
    parser.add_argument("--wing", choices=WINGS, action="append", help="all of them by default")
    parser.add_argument("--module", metavar="PATH", help="only this file or folder of a wing")
    parser.add_argument("--count", type=int, default=150, help="mutants of each wing")
    parser.add_argument("--seed", default="12")
    parser.add_argument("--workers", type=int, default=2, help="mutants side by side")
    parser.add_argument(
        "--seconds", type=float, default=30, help="of tests that do not run the changed statement"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every mutant and what became of it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # by way of what ends trials and removes copies
    os.environ.setdefault("AUDITKIT_VECTORS", str(ROOT.parent / "shared" / "vectors"))
    only = options.module or "auditkit"
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="auditkit-mutants-") as folder:
        trees = copies(Path(folder), options.workers)
        for wing in options.wing or [
            wing for wing in WINGS if f"auditkit/{wing}/".startswith(only) or wing in only
        ]:
            files = sorted(
                str(file.relative_to(trees[0])) for file in (trees[0] / "auditkit" / wing).rglob("*.py")
            )
            modules = [file for file in files if file.startswith(only)]
            mutants = sample(trees[0], modules, seed=f"{options.seed} {wing}", count=options.count)
            known = learn(trees[0], [*WINGS[wing], *(f"--ignore={file}" for file in LEFT_OUT)])
            if not known.passed:
                print((trees[0].parent / "log").read_text())
                print(f"{wing}: the tests fail before anything is changed")
                return 2
            for name in known.modules:
                with suppress(Exception):
                    importlib.import_module(name)
            print(
                f"{wing}: {len(known.seconds)} tests, {len(mutants)} mutants, seed {options.seed}", flush=True
            )
            for result in try_out(wing, mutants, known, trees, options):
                results.append(result)
                if result.outcome == "survived":
                    said = f"{result.runs} tests run it" if result.runs else "no test runs it"
                    print(f"  {result.mutant.module}:{result.mutant.line} {result.mutant.operator}, {said}")
                    print("\n".join(f"    {line}" for line in result.diff), flush=True)
    if options.json:
        entries = [
            {**asdict(result), "mutant": {**asdict(result.mutant), "code": None, "statement": None}}
            for result in results
        ]
        options.json.write_text(json.dumps(entries, indent=1))
    return tell(results)


def tell(results: list[Result]) -> int:
    enough = True
    print(f"{'wing':14} {'mutants':>7} {'killed':>6} {'of these late':>13} {'survived':>8}")
    for wing in dict.fromkeys(result.wing for result in results):
        outcomes = [result.outcome for result in results if result.wing == wing]
        survived = outcomes.count("survived")
        killed = len(outcomes) - survived
        enough = enough and killed > ENOUGH * len(outcomes)
        late, share = outcomes.count("timeout"), killed / len(outcomes)
        print(f"{wing:14} {len(outcomes):7} {killed:6} {late:13} {survived:8}  {share:.1%} killed")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
