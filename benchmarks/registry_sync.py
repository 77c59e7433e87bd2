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

from auditkit.evidence.registry_sync import keeping, open_registry, sync, sync_registry, verify_folder
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.nns.registry import History, Mutation, MutationKind, Version
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.release.published import DATA
from auditkit.practice.server import PracticeServer

MADE_NS = 1_700_000_000_000_000_000
PREFIXES = ((1_500, "node_record_"), (3_000, "node_operator_record_"), (6_000, "crypto_threshold_signing_"))
LOOK_UPS = 2_000


def names(keys: int) -> list[bytes]:
    """Keys as long as real ones, a tenth of them of nodes."""
    found = []
    for number in range(keys):
        prefix = next((text for below, text in PREFIXES if number < below), "replica_version_or_other_")
        found.append(f"{prefix}{sha256(b'%d' % number).hexdigest()[:63]}".encode())
    return found


def synthetic(versions: int, keys: int) -> History:
    """A registry in which every key is live at the end; a version changes 1.7 records of 100 to 1,500 bytes."""
    chance, named = random.Random(3), names(keys)
    pool = chance.randbytes(1 << 20)
    fresh = iter(named)

    def changes() -> tuple[Mutation, ...]:
        chosen = (
            next(fresh, None) or named[chance.randrange(keys)]
            for _ in range(chance.choice((1, 1, 1, 2, 2, 3)))
        )
        told = []
        for key in chosen:
            at = chance.randrange(len(pool) - 1_600)
            told.append(Mutation(MutationKind.UPSERT, key, pool[at : at + chance.randint(100, 1_500)]))
        return tuple(told)

    return History(
        tuple(Version(number, MADE_NS + number * 10**9, changes()) for number in range(1, versions + 1))
    )


def serve(versions: int, keys: int) -> None:
    server = PracticeServer(0, PracticeNns(registry=synthetic(versions, keys)), DATA)
    print(server.url, flush=True)
    server.serve_forever()


class Telling(keeping.Keeping):
    """Tells each version that is kept, when it is."""

    def keep(self, batch) -> None:
        super().keep(batch)
        print(batch.last, flush=True)


def measured(what: str, folder: Path, url: str) -> None:
    """One task in a process of its own, and what it took."""
    began, cpu = time.monotonic(), time.process_time()
    if what == "sync":
        done = sync_registry(folder, [url], ROOT_KEY)
        told = {"version": done.standing.version, "answers": done.answers, "bytes": done.size}
    else:
        found = verify_folder(folder, ROOT_KEY)
        told = {"version": found.standing.version, "records": found.records, "changes": found.changes}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told |= {"wall": time.monotonic() - began, "cpu": time.process_time() - cpu, "peak_mib": peak}
    print(json.dumps(told))


def run(*arguments: str | Path) -> dict:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def look_ups(folder: Path, keys: int, versions: int) -> str:
    chance, named = random.Random(5), names(keys)
    times: dict[str, list[float]] = {"newest": [], "at a version": [], "with proof": []}
    with open_registry(folder, ROOT_KEY) as opened:
        assert opened.count() == min(keys, opened.count())
        for place in range(LOOK_UPS):
            key = named[chance.randrange(keys)]
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
    cells = [
        f"{name}: median {statistics.median(found) * 1000:.2f} ms, worst {max(found) * 1000:.1f} ms"
        for name, found in times.items()
    ]
    return "; ".join(cells) + f"; all {nodes} node records: {scan * 1000:.0f} ms"


def same(ours: Path, theirs: Path) -> bool:
    """Whether two folders hold the same changes of the same records, wherever in their answers they stand."""
    found = []
    for folder in (ours, theirs):
        with sqlite3.connect(folder / "registry.sqlite") as connection:
            rows = connection.execute(
                "SELECT version, key, kind, size, time_ns FROM change JOIN record ON record.id = record ORDER BY change.rowid"
            )
            digest = sha256()
            for row in rows:
                digest.update(repr(row).encode())
            found.append(digest.digest())
    return found[0] == found[1]


def killed(folder: Path, url: str, kills: int) -> str:
    """Kills syncs until there were ``kills`` of them; starts anew when one was quicker and the folder is whole."""
    chance = random.Random(11)
    version = whole = 0
    for number in range(kills):
        process = subprocess.Popen(
            [sys.executable, __file__, "--task", "tell", "--folder", folder, "--url", url],
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
            with open_registry(folder, ROOT_KEY) as opened:
                found = opened.standing
            assert found.version >= max([version, *kept]), (found, version, kept)
            version = found.version
            whole += found.complete
    found = verify_folder(folder, ROOT_KEY).standing
    return f"{kills} kills: nothing lost, {found.version:,} versions kept by then, all of them verify"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, default=60_000)
    parser.add_argument("--keys", type=int, default=17_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--task", choices=("serve", "sync", "verify", "tell"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task == "serve":
        serve(options.versions, options.keys)
    elif options.task == "tell":
        sync.Keeping = Telling
        sync_registry(options.folder, [options.url], ROOT_KEY)
    elif options.task:
        measured(options.task, options.folder, options.url)
    else:
        benchmark(options)


def benchmark(options: argparse.Namespace) -> None:
    size = ["--versions", str(options.versions), "--keys", str(options.keys)]
    server = subprocess.Popen(
        [sys.executable, __file__, "--task", "serve", *size], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-") as name:
            folder, other = Path(name) / "whole", Path(name) / "killed"
            print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
            task = ("--folder", folder, "--url", url)
            for label, what in (("first sync", "sync"), ("next sync", "sync"), ("verify", "verify")):
                told = run("--task", what, *task)
                took = f"own work {told.pop('cpu'):.2f} s, wall {told.pop('wall'):.1f} s"
                print(f"{label}: {took}, peak {told.pop('peak_mib'):.0f} MiB; {told}")
            print(f"store: {(folder / 'registry.sqlite').stat().st_size / 1e6:.1f} MB")
            print(f"look-ups, {look_ups(folder, options.keys, options.versions)}")
            print(killed(other, url, options.kills))
            sync_registry(other, [url], ROOT_KEY)
            assert same(folder, other)
            print(f"and finished: the same as never killed; load {os.getloadavg()[0]:.1f}")
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
