"""From a release image to launch measurements, beside dfinity's shell way and beside the floors, in one run.

    auditkit practice build --large --out DIR
    python benchmarks/image.py DIR/ic/*/guest-os/update-img/update-img.tar.zst [--rounds 5] [--root]

All ways are gone through in turn, round by round, each in processes of its own, so that the machine's noise meets
all of them and peak memory is that of one way. Medians of wall time, of CPU time (user and system, of all processes
of the way) and of peak memory are shown, and the best wall time, then the ratios that the project has promised. The
shell way is what dfinity's rules and scripts do: curl, tar --zstd, debugfs, one sev-snp-measure for each setting, and
a few lines for the JSON; it fetches from a server on this machine, and so does auditkit where "fetched" is said. Both
must arrive at the published launch-measurements.json, byte for byte. Every number of auditkit includes the start of
Python, which is shown by itself.
"""

from __future__ import annotations

import argparse
import json
import os
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

CHILD = """
import sys
from pathlib import Path
from auditkit.guestos import Ext4, parse_boot_args, read_boot_files, read_update_image, root_image_verity
from auditkit.sev import measure, measured_boot, render_launch_measurements
source, work, mode = sys.argv[1], Path(sys.argv[2]), sys.argv[3].split("+")
if "start" in mode:
    raise SystemExit
if "root" in mode:
    root_image_verity(Path(source))
    raise SystemExit
if source.startswith("http:"):
    from urllib.request import urlopen
    opened = urlopen(source)
else:
    opened = open(source, "rb", buffering=0)
with opened as stream:
    image = read_update_image(stream, work=work, digest="digest" in mode, verity="verity" in mode)
if "measure" in mode:
    with Ext4(image.boot_image) as fs:
        boot = read_boot_files(fs)
    lines = {n: l.text for n, l in parse_boot_args(boot.boot_args).lines.items() if "_TEE_" in n}
    vcpus = range(1, 65) if "sweep" in mode else (64,)
    found = measure(measured_boot(boot.firmware, boot.kernel, boot.initrd), lines, vcpus=vcpus)
    if "sweep" not in mode:
        (work / "launch-measurements.json").write_bytes(render_launch_measurements(found))
"""
SHELL = r"""
set -eu
curl -sS --fail "$1" | tar --zstd -x -C "$2" boot.img
cd "$2"
for name in OVMF_SEV.fd boot_args; do debugfs -R "dump /$name $name" boot.img 2>> log; done
for name in vmlinuz initrd.img; do
    target=$(debugfs -R "stat /$name" boot.img 2>> log | sed -n 's/^Fast link dest: "\(.*\)"$/\1/p')
    debugfs -R "dump /$target $name" boot.img 2>> log
done
. ./boot_args
: > entries
for type in EPYC-v4 EPYC-Genoa EPYC-Turin; do
    for line in "$BOOT_ARGS_TEE_A" "$BOOT_ARGS_TEE_B"; do
        hex=$("$3" --mode snp --vcpus 64 --vcpu-type $type --ovmf OVMF_SEV.fd \
            --kernel vmlinuz --initrd initrd.img --append "$line")
        printf '%s %s %s\n' "$hex" "$type" "$line" >> entries
    done
done
"$4" -c '
import json
entries = [line.rstrip("\n").split(" ", 2) for line in open("entries")]
print(json.dumps({"guest_launch_measurements": [
    {"measurement": list(bytes.fromhex(h)), "metadata": {"kernel_cmdline": l, "vcpu_type": t}} for h, t, l in entries
]}, separators=(",", ":")))' > launch-measurements.json
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds on the clock, seconds of CPU of all its processes, MiB of its largest process."""

    wall: float
    cpu: float
    peak: float


def timed(command: Sequence[str | Path]) -> Sample:
    """Runs a command in a child that does nothing else, so that what it cost can be told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            began = time.perf_counter()
            done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=False)
            wall = time.perf_counter() - began
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            os.write(
                writer, json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]).encode()
            )
            status = done.returncode
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"a command failed: {command}")
    return Sample(*json.loads(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--root", action="store_true", help="also the bare root.img, beside veritysetup verify"
    )
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a package at every start
    with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-") as scratch:
        samples = run(options.image.resolve(), options.rounds, Path(scratch), root=options.root)
    report(samples, options.rounds)


def run(image: Path, rounds: int, scratch: Path, *, root: bool) -> dict[str, list[Sample]]:
    serve = [sys.executable, "-c", SERVE, str(image.parent)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/{image.name}"
            ways = commands(image, url, scratch, root=root)
            samples: dict[str, list[Sample]] = {name: [] for name in ways}
            published = (image.parent / "launch-measurements.json").read_bytes()
            for _ in range(rounds):
                for name, command in ways.items():
                    work = scratch / "work"
                    work.mkdir()
                    samples[name].append(timed([work if part == "{work}" else part for part in command]))
                    made = work / "launch-measurements.json"
                    assert not made.exists() or made.read_bytes() == published, name
                    shutil.rmtree(work)
        finally:
            server.terminate()
    return samples


SERVE = """
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
SHELL_WAY = "shell way, fetched"
DIGEST, ZSTD = "floor: openssl dgst -sha256", "floor: zstd -t"
BOTH = "floor: the two one after the other"
FETCHED, FETCHED_QUICK = "auditkit, fetched, with digest", "auditkit, fetched, boot.img only"
MATRIX, QUICK = "auditkit, with digest", "auditkit, boot.img only"
SWEEP = "auditkit, boot.img only, sweep of 384"
START = "auditkit: start of Python and imports"
PASS, VERITY = "auditkit: digest and boot.img", "auditkit: digest, boot.img, verity root"
SETUP, ROOT = "veritysetup verify", "auditkit: verity root of a bare root.img"


def commands(image: Path, url: str, scratch: Path, *, root: bool) -> dict[str, list[str | Path]]:
    measurer = Path(sys.executable).with_name("sev-snp-measure")

    def auditkit(source: str | Path, mode: str) -> list[str | Path]:
        return [sys.executable, "-c", CHILD, source, "{work}", mode]

    ways: dict[str, list[str | Path]] = {
        DIGEST: ["openssl", "dgst", "-sha256", image],
        ZSTD: ["zstd", "-qt", image],
        SHELL_WAY: ["sh", "-c", SHELL, "sh", url, "{work}", measurer, sys.executable],
        FETCHED: auditkit(url, "digest+measure"),
        FETCHED_QUICK: auditkit(url, "measure"),
        MATRIX: auditkit(image, "digest+measure"),
        QUICK: auditkit(image, "measure"),
        SWEEP: auditkit(image, "measure+sweep"),
        START: auditkit(image, "start"),
        PASS: auditkit(image, "digest"),
        VERITY: auditkit(image, "digest+verity"),
    }
    if root:
        from auditkit.guestos import root_image_verity  # noqa: PLC0415

        subprocess.run(["tar", "--zstd", "-xSf", image, "-C", scratch, "root.img"], check=True)
        bare = scratch / "root.img"
        found = root_image_verity(bare)
        ways[SETUP] = [
            "veritysetup",
            "verify",
            bare,
            bare,
            found.root_hash,
            f"--hash-offset={found.hash_offset}",
        ]
        ways[ROOT] = auditkit(bare, "root")
    return ways


def report(samples: dict[str, list[Sample]], rounds: int) -> None:
    wall = {name: statistics.median(s.wall for s in found) for name, found in samples.items()}
    cpu = {name: statistics.median(s.cpu for s in found) for name, found in samples.items()}
    best = {name: min(s.wall for s in found) for name, found in samples.items()}
    peak = {name: statistics.median(s.peak for s in found) for name, found in samples.items()}
    print(f"{f'{rounds} rounds':<44}{'wall':>10}{'best':>9}{'CPU':>9}{'peak':>9}")
    for name in samples:
        print(f"{name:<44}{wall[name]:8.2f} s{best[name]:7.2f} s{cpu[name]:7.2f} s{peak[name]:6.0f} MiB")
    for times in (wall, best, cpu):
        times[BOTH] = times[DIGEST] + times[ZSTD]
    slower = DIGEST if wall[DIGEST] > wall[ZSTD] else ZSTD
    promises = [
        ("shell way / auditkit with digest, both fetched", SHELL_WAY, FETCHED, "at least 4"),
        ("shell way / auditkit boot.img only, both fetched", SHELL_WAY, FETCHED_QUICK, "at least 10"),
        ("digest and boot.img / the slower floor", PASS, slower, "at most 1.3"),
        ("digest, boot.img, verity / both floors", VERITY, BOTH, "at most 1.5"),
        ("sweep of 384 / matrix of 6", SWEEP, QUICK, "at most 1.5"),
    ]
    if ROOT in samples:
        promises.append(("veritysetup / auditkit, bare root.img", SETUP, ROOT, "at least 2"))
    print(f"\n{'ratio':<50}{'wall':>6}{'best':>7}{'CPU':>7}   promised")
    for text, one, other, promise in promises:
        ratios = [times[one] / times[other] for times in (wall, best, cpu)]
        print(f"{text:<49}{ratios[0]:7.2f}{ratios[1]:7.2f}{ratios[2]:7.2f}   {promise}")


if __name__ == "__main__":
    main()
