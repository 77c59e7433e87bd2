"""Measures what it takes to ask who built a release: the library's start, its keys, and one bundle.

    python benchmarks/provenance.py [--rounds 50]

The bundle is the practice network's, verified by its own authority; one of GitHub's takes the same steps.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from auditkit.practice.builds import Built, practice_authority
from auditkit.provenance import BundleVerifier, read_bundles
from auditkit.provenance.authority import sigstore_models


def milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """How long each of ``rounds`` took."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def started(statement: str, rounds: int) -> list[float]:
    """How long a process takes that runs one statement."""
    command = [sys.executable, "-c", statement]
    return milliseconds(lambda: subprocess.run(command, check=True), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    data = Built.HONEST.path.read_bytes()
    (bundle,) = read_bundles(data)
    sigstore_models()
    verifier = BundleVerifier(practice_authority())
    verifier.verify(bundle)
    few = max(rounds // 5, 3)
    rows = (
        ("Python alone", started("pass", few)),
        (
            "Python, and sigstore imported",
            started("import sigstore.models, sigstore.verify", few),
        ),
        ("the keys of an authority read", milliseconds(lambda: BundleVerifier(practice_authority()), rounds)),
        ("a file of one bundle read", milliseconds(lambda: read_bundles(data), rounds)),
        ("one bundle verified", milliseconds(lambda: verifier.verify(bundle), rounds)),
    )
    print("| What | Median | Best |\n|---|---:|---:|")
    for name, taken in rows:
        print(f"| {name} | {statistics.median(taken):,.1f} ms | {min(taken):,.1f} ms |")


if __name__ == "__main__":
    main()
