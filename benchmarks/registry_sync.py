"""Syncs a synthetic registry of 60,000 versions from the practice server, looks things up, and kills syncs.

    python benchmarks/registry_sync.py [--versions 60000] [--keys 17000] [--kills 50]

The server and every sync are processes of their own. "Own work" is the processor time of the sync alone: the server
makes its answers while it is asked. Each killed sync is opened again, and must hold what it had told to be kept; at the
end the folder must hold the same as one that was never killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from auditkit.evidence.registry_sync import (
    chips_in_registry,
    keeping,
    open_registry,
    sync,
    sync_registry,
    verify_folder,
)
from auditkit.ic.registry import read_node

SERVER = Path(__file__).with_name("registry_server.py")
LOOK_UPS = 2_000


class Telling(keeping.Keeping):
    """Tells each version that is kept, when it is."""

    def keep(self, batch) -> None:
        super().keep(batch)
        print(batch.last, flush=True)


def measured(what: str, folder: Path, url: str, root_key: bytes) -> None:
    """One task in a process of its own, and what it took."""
    began, cpu = time.monotonic(), time.process_time()
    if what == "sync":
        done = sync_registry(folder, [url], root_key)
        told = {"version": done.standing.version, "answers": done.answers, "bytes": done.size}
    elif what == "open":
        with open_registry(folder, root_key, verify=True) as opened:
            told = {"nodes": opened.node_counts().nodes}
    else:
        found = verify_folder(folder, root_key)
        told = {"version": found.standing.version, "records": found.records, "changes": found.changes}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told |= {"wall": time.monotonic() - began, "cpu": time.process_time() - cpu, "peak_mib": peak}
    print(json.dumps(told))


def run(*arguments: str | Path) -> dict:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def look_ups(folder: Path, root_key: bytes) -> str:
    chance = random.Random(5)
    times: dict[str, list[float]] = {"newest": [], "at a version": [], "with proof": []}
    with open_registry(folder, root_key) as opened:
        keys, versions = [record.key for record in opened.records()], opened.standing.version
        for place in range(LOOK_UPS):
            key = chance.choice(keys)
            began = time.perf_counter()
            record = opened.record(key)
            times["newest"].append(time.perf_counter() - began)
            began = time.perf_counter()
            opened.record(key, chance.randint(1, versions))
            times["at a version"].append(time.perf_counter() - began)
            if place % 50 == 0 and record is not None:
                began = time.perf_counter()
                opened.prove(record)
                times["with proof"].append(time.perf_counter() - began)
        began = time.perf_counter()
        nodes = sum(1 for _ in opened.records(b"node_record_"))
        scan = time.perf_counter() - began
    return summed(times) + f"; all {nodes} node records: {scan * 1000:.0f} ms"


def chips(folder: Path, root_key: bytes) -> str:
    """Own work of look-ups that tell whose one chip is: node, operator, data center and subnet, of all subnets."""
    chance = random.Random(7)
    names = ("the first after opening", "a chip", "two chips", "at a version", "with proofs")
    times: dict[str, list[float]] = {name: [] for name in names}
    with open_registry(folder, root_key) as opened:
        ids = [read_node(one.value).chip_id for one in opened.records(b"node_record_")]
        versions, former = opened.standing.version, 0

        def look_up(what: str, *asked: bytes, **more) -> None:
            nonlocal former
            began = time.process_time()
            found = chips_in_registry(opened, asked, **more)
            times[what].append(time.process_time() - began)
            former += sum(len(one.former) for one in found.chips)

        look_up("the first after opening", chance.choice(ids))
        for place in range(LOOK_UPS // 10):
            look_up("a chip", chance.choice(ids))
            look_up("two chips", chance.choice(ids), chance.choice(ids))
            look_up("at a version", chance.choice(ids), at=chance.randint(1, versions))
            if place % 20 == 0:
                look_up("with proofs", chance.choice(ids), prove=True)
        counts = opened.node_counts()
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        (writes,) = connection.execute("SELECT COUNT(*) FROM node_chip").fetchone()
    return summed(times) + f"; {counts.nodes} nodes, {writes} writes of nodes, {former} former nodes told"


def summed(times: dict[str, list[float]]) -> str:
    cells = [
        f"{name}: median {statistics.median(found) * 1000:.2f} ms, "
        f"99 of 100 within {sorted(found)[len(found) * 99 // 100] * 1000:.2f} ms, worst {max(found) * 1000:.1f} ms"
        for name, found in times.items()
    ]
    return "; ".join(cells)


def same(ours: Path, theirs: Path) -> bool:
    """Whether two folders hold the same changes of the same records, wherever in their answers they stand."""
    found = []
    for folder in (ours, theirs):
        with sqlite3.connect(folder / "registry.sqlite") as connection:
            rows = connection.execute(
                "SELECT version, key, kind, size, time_ns FROM change "
                "JOIN record ON record.id = record ORDER BY change.rowid"
            )
            digest = sha256()
            for row in rows:
                digest.update(repr(row).encode())
            found.append(digest.digest())
    return found[0] == found[1]


def killed(folder: Path, url: str, root_key: bytes, kills: int) -> str:
    """Kills ``kills`` syncs, one after another, and looks each time at what is kept."""
    chance = random.Random(11)
    version = 0
    for number in range(kills):
        process = subprocess.Popen(
            [
                sys.executable,
                __file__,
                "--task",
                "tell",
                "--folder",
                folder,
                "--url",
                url,
                "--key",
                root_key.hex(),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(chance.randrange(0, 3)):
            process.stdout.readline()
        time.sleep(chance.random() * (0.4 if number % 4 else 2.0))
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        kept = [int(line) for line in out.split()]
        store = folder / "registry.sqlite"
        if store.exists() and store.stat().st_size:
            with open_registry(folder, root_key) as opened:
                found = opened.standing
            assert found.version >= max([version, *kept]), (found, version, kept)
            version = found.version
    found = verify_folder(folder, root_key).standing
    return f"{kills} kills: nothing lost, {found.version:,} versions kept by then, all of them verify"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, default=60_000)
    parser.add_argument("--keys", type=int, default=17_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--task", choices=("sync", "verify", "open", "tell"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--key", type=bytes.fromhex, default=b"", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task == "tell":
        sync.Keeping = Telling
        sync_registry(options.folder, [options.url], options.key)
    elif options.task:
        measured(options.task, options.folder, options.url, options.key)
    else:
        benchmark(options)


def benchmark(options: argparse.Namespace) -> None:
    command = [sys.executable, SERVER, str(options.versions), str(options.keys)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url, key = server.stdout.readline().split()
        root_key = bytes.fromhex(key)
        with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-") as name:
            folder, other = Path(name) / "whole", Path(name) / "killed"
            print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
            task = ("--folder", folder, "--url", url, "--key", key)
            for label, what in (
                ("first sync", "sync"),
                ("next sync", "sync"),
                ("verify", "verify"),
                ("open and verify", "open"),
            ):
                told = run("--task", what, *task)
                took = f"own work {told.pop('cpu'):.2f} s, wall {told.pop('wall'):.1f} s"
                print(f"{label}: {took}, peak {told.pop('peak_mib'):.0f} MiB; {told}")
            print(f"store: {(folder / 'registry.sqlite').stat().st_size / 1e6:.1f} MB")
            print(f"look-ups, {look_ups(folder, root_key)}")
            print(f"chips, own work, {chips(folder, root_key)}")
            print(killed(other, url, root_key, options.kills))
            sync_registry(other, [url], root_key)
            assert same(folder, other)
            print(f"and finished: the same as never killed; load {os.getloadavg()[0]:.1f}")
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
