"""Two root file systems of 3 GiB compared, beside unpacking both and asking debugfs and diff, in one run.

    python benchmarks/compare_roots.py DIR [--rounds 3]

DIR gets two update images the first time, with roots of 20,000 files and 1.2 GB each that differ in 60 contents and 20
modes; that takes some minutes and 8 GB. Taken in turn, round by round, are: auditkit with the two update images,
auditkit with the two bare root.img, and the shell way, which unpacks both root.img, dumps their trees with debugfs and
compares them with diff. Medians of wall time, of CPU time (user and system, of all processes of the way), of the memory
of its largest process, and of what it wrote to disk, then the promises. All must tell the same paths with another
content; modes are nothing that the shell way compares.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILES, CHANGED, MODES = 20_000, 60, 20
SIZE = 3 << 30
LINE = b"A line of text that packs as well as most programs do: %d of %d, and some words more.\n"
SHELL = """
set -eu
for side in base recovery; do
    mkdir "$3/$side"
    tar --zstd -xSf "$1/$side.tar.zst" -C "$3" root.img
    debugfs -R "rdump / $3/$side" "$3/root.img" 2> /dev/null
    rm "$3/root.img"
done
diff -rq --no-dereference "$3/base" "$3/recovery" > "$2" || test $? = 1
"""
LARGE_FILES = 20
SHELL_WAY, STREAMED, BARE = (
    "tar --zstd, debugfs rdump and diff",
    "auditkit, two update images",
    "auditkit, two root.img",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds on the clock, seconds of CPU, MiB of the largest process, MB written."""

    wall: float
    cpu: float
    peak: float
    written: float


def timed(command: Sequence[str | Path], out: Path) -> Sample:
    """Runs a command in a child that does nothing else, so that what it cost can be told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            began = time.perf_counter()
            with out.open("wb") as file:
                done = subprocess.run([str(part) for part in command], stdout=file, check=False)
            wall = time.perf_counter() - began
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            told = [wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, used.ru_oublock * 512 / 1e6]
            os.write(writer, json.dumps(told).encode())
            status = done.returncode
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"a command failed: {command}")
    return Sample(*json.loads(told))


def build(folder: Path) -> None:
    """Makes the two images, unless they are there."""
    from auditkit.guestos import run_program, write_ext4  # noqa: PLC0415
    from auditkit.practice.release.file_systems import add_verity_tree  # noqa: PLC0415

    noise = random.Random(16)
    tree = folder / "tree"
    places = [tree / f"usr/lib/part-{n % 97:02}/of-{n % 11:02}/file-{n:05}" for n in range(FILES)]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        length = (
            25_000_000 if len(place.name) and place in places[:LARGE_FILES] else noise.randrange(200, 66_000)
        )
        place.write_bytes(content(noise, length))
    for side in ("base", "recovery"):
        image = folder / f"{side}-root.img"
        write_ext4(image, tree, SIZE, label="system_u:object_r:usr_t:s0")
        if side == "recovery":
            modes = "".join(f"sif /{place.relative_to(tree)} mode 0100755\n" for place in places[-MODES:])
            run_program("debugfs", "-w", "-f", "-", str(image), script=modes)
        add_verity_tree(image)
        update_image(folder, side, image)
        for place in places[LARGE_FILES - 2 : LARGE_FILES - 2 + CHANGED]:
            with place.open("r+b") as file:
                file.seek(100)
                file.write(noise.randbytes(40))
    shutil.rmtree(tree)


def content(noise: random.Random, length: int) -> bytes:
    """Bytes that do not pack, or text."""
    if noise.random() < 0.7:
        return noise.randbytes(length)
    first = noise.randrange(1 << 30)
    lines = (LINE % (first + n, length) for n in range(length // 80 + 1))
    return b"".join(lines)[:length]


def update_image(folder: Path, side: str, image: Path) -> None:
    from auditkit.practice.release.sparse_tar import SparseTar  # noqa: PLC0415

    packer = subprocess.Popen(
        ["zstd", "-q", "-T0", "-10", "-o", folder / f"{side}.tar.zst"], stdin=subprocess.PIPE
    )
    assert packer.stdin
    tar = SparseTar(packer.stdin)
    tar.add_bytes("VERSION.TXT", b"c0ffee\n")
    tar.add_bytes("boot.img", bytes(4096))
    tar.add_sparse("root.img", image)
    tar.close()
    packer.stdin.close()
    assert packer.wait() == 0


def changed_by_diff(told: Path) -> set[str]:
    lines = told.read_text().splitlines()
    return {found[1] for line in lines if (found := re.fullmatch(r"Files .*?/base(/.*) and .* differ", line))}


def changed_by_auditkit(told: Path) -> set[str]:
    document = json.loads(told.read_text())
    assert document["counts"]["metadata"] == MODES, document["counts"]
    return {one["path"] for one in document["differences"] if "content" in one["changed"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    folder = options.folder.resolve()
    if not (folder / "recovery.tar.zst").exists():
        folder.mkdir(parents=True, exist_ok=True)
        build(folder)
    auditkit = [sys.executable, "-m", "auditkit", "compare-roots", "--json"]
    samples: dict[str, list[Sample]] = {STREAMED: [], BARE: [], SHELL_WAY: []}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-", dir=folder) as scratch:
            out, diff = Path(scratch) / "out", Path(scratch) / "diff"
            ways: dict[str, list[str | Path]] = {
                STREAMED: [*auditkit, folder / "base.tar.zst", folder / "recovery.tar.zst"],
                BARE: [*auditkit, folder / "base-root.img", folder / "recovery-root.img"],
                SHELL_WAY: ["sh", "-c", SHELL, "sh", folder, diff, scratch],
            }
            found = []
            for name, command in ways.items():
                samples[name].append(timed(command, out))
                found.append(changed_by_diff(diff) if name == SHELL_WAY else changed_by_auditkit(out))
            assert len(found[0]) == CHANGED
            assert found[0] == found[1] == found[2]
    report(samples, options.rounds)


def report(samples: dict[str, list[Sample]], rounds: int) -> None:
    fields = ("wall", "cpu", "peak", "written")
    print(f"{f'{rounds} rounds':<40}{'wall':>10}{'best':>9}{'CPU':>9}{'peak':>11}{'written':>12}")
    middle = {
        name: {field: statistics.median(getattr(one, field) for one in found) for field in fields}
        for name, found in samples.items()
    }
    for name, found in samples.items():
        of, best = middle[name], min(one.wall for one in found)
        print(
            f"{name:<40}{of['wall']:8.2f} s{best:7.2f} s{of['cpu']:7.2f} s"
            f"{of['peak']:7.0f} MiB{of['written']:9.0f} MB"
        )
    streamed = middle[STREAMED]
    print("\npromised of two update images: under 12 s, 250 MB, 50 MB written")
    print(
        f"reached: {streamed['wall']:.1f} s, {streamed['peak'] * 1.048576:.0f} MB,"
        f" {streamed['written']:.0f} MB written; {middle[SHELL_WAY]['wall'] / streamed['wall']:.1f} times as fast"
        " as the shell way"
    )


if __name__ == "__main__":
    main()
