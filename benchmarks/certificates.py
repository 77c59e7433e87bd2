"""Verifies delegated certificates beside agent-js, icp-py-core and the bare BLS time, on the same files in one run.

    python benchmarks/certificates.py [--rounds 40] [--vectors FOLDER]

The files: two certificates of a practice NNS (flat and sharded ranges) and, where there is a folder of vectors, every
mainnet certificate in it that has a delegation. The rounds go through all ways in turn, so that noise of the machine
meets all of them; each way warms up first; the medians are shown, and
the fastest rounds, which a busy machine disturbs least. "Bare BLS" is the two libraries' verification of the
two signatures and nothing else. agent-js is installed from npm by name, once. icp-py-core is asked where it can be
imported.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import cbor2

from auditkit.ic import GOVERNANCE, MAINNET_ROOT_KEY, Principal, bls, verify_certificate
from auditkit.practice.nns import certify
from auditkit.practice.nns.keys import KeyPair

HERE = Path(__file__).resolve().parent
VECTORS = Path(os.environ.get("AUDITKIT_VECTORS", HERE.parent.parent / "shared" / "vectors"))
AGENT_JS = "@icp-sdk/core@5.4.0"
CACHE = HERE.parent / ".auditkit" / "judges" / AGENT_JS.replace("/", "+")
WARM_UP = 10


@dataclass(frozen=True)
class Case:
    """A delegated certificate that has to be accepted for a canister."""

    name: str
    data: bytes
    root_key: bytes
    canister: Principal

    def verify(self) -> None:
        verification = verify_certificate(self.data, root_key=self.root_key, canister=self.canister)
        assert verification.certificate is not None, verification.decisions

    def signatures(self) -> list[tuple[bytes, bytes, bytes]]:
        """The arguments of every BLS verification that this certificate needs."""
        asked: list[tuple[bytes, bytes, bytes]] = []

        def note(*arguments: bytes) -> bls.Opinions:
            asked.append(arguments)
            return real(*arguments)

        real = bls.verify
        with mock.patch.object(bls, "verify", note):
            self.verify()
        assert len(asked) == 2
        return asked


def practice_cases() -> list[Case]:
    root, subnet = KeyPair("benchmark: root"), KeyPair("benchmark: subnet")
    now = time.time_ns()
    state = certify.reply_state(bytes(32), bytes(2000), time_ns=now)
    ranges = [(Principal(bytes(10)), Principal(bytes.fromhex("00000000000000ff0101")))]
    return [
        Case(
            f"practice, {form} ranges",
            certify.certificate(
                certify.build_tree(state),
                subnet,
                delegation=certify.delegate(root, subnet, ranges, time_ns=now, form=form),
            ),
            root.public_key_der,
            GOVERNANCE,
        )
        for form in ("flat", "sharded")
    ]


def vector_cases(folder: Path) -> list[Case]:
    cases = []
    for file in sorted((folder / "certificates").glob("*.json")):
        described = json.loads(file.read_text())
        accepted = [
            check["canister"]
            for check in described["checks"]
            if check["expect"] == "valid" and "canister" in check
        ]
        if described.get("subnet") is None or not accepted:
            continue
        own = described["root_key_der_hex"]
        root_key = bytes.fromhex(own) if own else MAINNET_ROOT_KEY
        data = file.with_suffix(".cbor").read_bytes()
        cases.append(Case(file.stem, data, root_key, Principal.from_text(accepted[0])))
    return cases


@contextmanager
def agent_js(cases: list[Case]):
    """A function that has agent-js verify every case once; gives milliseconds, None where it refuses."""
    if not CACHE.is_dir():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(["npm", "install", "--prefix", CACHE, *options, AGENT_JS], check=True)
    with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-") as name:
        folder = Path(name)
        (folder / "node_modules").symlink_to(CACHE / "node_modules")  # node looks beside the script
        script = Path(shutil.copy(HERE / "certificates.mjs", folder))
        described = []
        for number, case in enumerate(cases):
            file = folder / f"{number}.cbor"
            file.write_bytes(case.data)
            described.append(
                {"file": str(file), "rootKey": case.root_key.hex(), "canister": str(case.canister)}
            )
        with subprocess.Popen(
            ["node", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as node:
            assert node.stdin is not None
            assert node.stdout is not None

            def say(line: str) -> None:
                node.stdin.write(line + "\n")
                node.stdin.flush()

            def once() -> list[float | None]:
                say("round")
                return json.loads(node.stdout.readline())

            say(json.dumps(described))
            yield once
            node.stdin.close()


def icp_py_core(cases: list[Case]) -> Callable[[], list[float | None]] | str:
    """A function as `agent_js` gives, or why there is none."""
    try:
        library = importlib.import_module("icp_certificate.certificate")
        importlib.import_module("blst")
    except ImportError as error:
        return str(error)
    certificates = [library.Certificate(cbor2.loads(case.data)) for case in cases]

    def once() -> list[float | None]:
        times: list[float | None] = []
        for case, certificate in zip(cases, certificates, strict=True):
            began = time.perf_counter()
            try:
                certificate.assert_certificate_valid(case.canister.raw)
                times.append((time.perf_counter() - began) * 1000)
            except Exception:  # noqa: BLE001  (whatever it raises, it refuses)
                times.append(None)
        return times

    return once


def timed(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--vectors", type=Path, default=VECTORS)
    options = parser.parse_args()
    cases = practice_cases() + (vector_cases(options.vectors) if options.vectors.is_dir() else [])
    asked = [case.signatures() for case in cases]
    ways: dict[str, Callable[[], list[float | None]]] = {
        "bare BLS": lambda: [timed(lambda s=s: [bls.verify(*one) for one in s]) for s in asked],
        "auditkit": lambda: [timed(case.verify) for case in cases],
    }
    other = icp_py_core(cases)
    if isinstance(other, str):
        print(f"icp-py-core does not run here: {other}")
    else:
        ways["icp-py-core"] = other
    with agent_js(cases) as verify_by_agent_js:
        ways["agent-js"] = verify_by_agent_js
        for way in ways.values():
            for _ in range(WARM_UP):
                way()
        rounds = [{name: way() for name, way in ways.items()} for _ in range(options.rounds)]
    print(
        f"{options.rounds} rounds, medians in ms; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'certificate':<38}{'bytes':>6}" + "".join(f"{name:>12}" for name in ways))
    medians: dict[str, list[float]] = {name: [] for name in ways}
    fastest: dict[str, list[float]] = {name: [] for name in ways}
    for number, case in enumerate(cases):
        cells = []
        for name in ways:
            times = [found for one in rounds if (found := one[name][number]) is not None]
            if times:
                medians[name].append(statistics.median(times))
                fastest[name].append(min(times))
            cells.append(f"{statistics.median(times):12.2f}" if times else f"{'refused':>12}")
        print(f"{case.name:<38}{len(case.data):>6}" + "".join(cells))
    for told, found in (("medians", medians), ("the fastest rounds", fastest)):
        typical = {name: statistics.median(times) for name, times in found.items() if times}
        cells = [f"{typical[name]:12.2f}" if name in typical else f"{'-':>12}" for name in ways]
        print(f"{f'all, by {told}':<44}" + "".join(cells))
        print(
            f"  auditkit takes {typical['auditkit'] / typical['bare BLS']:.2f} times bare BLS (target: 1.5 at most);"
            f" agent-js {typical['agent-js'] / typical['auditkit']:.1f} times auditkit (target: 8 at least)"
        )


if __name__ == "__main__":
    main()
