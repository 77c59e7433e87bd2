"""Measures a release's matrix and a sweep, beside sev-snp-measure and the floor, in one run.

    python benchmarks/measurements.py [--rounds 7]

All ways read the same three files: a firmware of 4 MiB, a kernel of 12 MB, an initrd of 60 MB. The rounds
go through all ways in turn, so that noise of the machine meets all of them; the medians are shown. The
digests of all ways are compared as well.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from sevsnpmeasure.guest import snp_calc_launch_digest
from sevsnpmeasure.vcpu_types import CPU_SIGS

from auditkit.practice.release.firmware import practice_firmware
from auditkit.sev import RELEASE_CPU_TYPES, explain, measure, measured_boot

LINES = {
    f"BOOT_ARGS_TEE_{slot}": f"dfinity.system={slot} dfinity.tee=1 root_hash={'a' * 64}" for slot in "AB"
}
FIRMWARE_BYTES, KERNEL_BYTES, INITRD_BYTES = 4 << 20, 12_000_000, 60_000_000


def write_files(folder: Path) -> None:
    tail = practice_firmware("benchmark", 128 << 10)[-(64 << 10) :]
    (folder / "firmware").write_bytes(os.urandom(FIRMWARE_BYTES - len(tail)) + tail)
    (folder / "kernel").write_bytes(os.urandom(KERNEL_BYTES))
    (folder / "initrd").write_bytes(os.urandom(INITRD_BYTES))


def read(folder: Path) -> tuple[bytes, bytes, bytes]:
    firmware, kernel, initrd = ((folder / name).read_bytes() for name in ("firmware", "kernel", "initrd"))
    return firmware, kernel, initrd


def auditkit_matrix(folder: Path, vcpus: range | tuple[int, ...]) -> dict[tuple[str, str, int], bytes]:
    items = measure(measured_boot(*read(folder)), LINES, vcpus=vcpus)
    return {(item.vcpu_type, item.boot_args, item.vcpus): item.measurement for item in items}


def auditkit_explanation(folder: Path) -> None:
    """The widest sweep: a measurement that nothing explains."""
    assert not explain([bytes(48)], measured_boot(*read(folder)), LINES, vcpus_max=512)


def library_matrix(folder: Path) -> dict[tuple[str, str, int], bytes]:
    files = [str(folder / name) for name in ("firmware", "kernel", "initrd")]
    return {
        (vcpu_type, name, 64): snp_calc_launch_digest(64, CPU_SIGS[vcpu_type], *files, line, 1, "")
        for vcpu_type in RELEASE_CPU_TYPES
        for name, line in LINES.items()
    }


def command_matrix(folder: Path) -> dict[tuple[str, str, int], bytes]:
    program = Path(sys.executable).with_name("sev-snp-measure")
    found = {}
    for vcpu_type in RELEASE_CPU_TYPES:
        for name, line in LINES.items():
            command = [program, "--mode=snp", "--vcpus=64", f"--vcpu-type={vcpu_type}", f"--append={line}"]
            files = [f"--ovmf={folder}/firmware", f"--kernel={folder}/kernel", f"--initrd={folder}/initrd"]
            done = subprocess.run([*command, *files], check=True, capture_output=True, text=True)
            found[vcpu_type, name, 64] = bytes.fromhex(done.stdout.strip())
    return found


def floor(folder: Path) -> None:
    """One SHA-256 over the initrd."""
    sha256((folder / "initrd").read_bytes()).digest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of launch measurements")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    ways: dict[str, Callable[[Path], object]] = {
        "floor: SHA-256 of the initrd": floor,
        "auditkit, matrix of 6": lambda folder: auditkit_matrix(folder, (64,)),
        "auditkit, sweep of 384": lambda folder: auditkit_matrix(folder, range(1, 65)),
        "auditkit, explanation of a stranger": auditkit_explanation,
        "sev-snp-measure library, 6 calls": library_matrix,
        "sev-snp-measure command, 6 calls": command_matrix,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-") as name:
        folder = Path(name)
        write_files(folder)
        for _ in range(rounds):
            for way, run in ways.items():
                began = time.perf_counter()
                results[way] = run(folder)
                times[way].append(time.perf_counter() - began)
    matrix = results["auditkit, matrix of 6"]
    sweep = results["auditkit, sweep of 384"]
    assert isinstance(sweep, dict)
    assert len(sweep) == 384
    assert matrix == {key: value for key, value in sweep.items() if key[2] == 64}
    assert (
        matrix == results["sev-snp-measure library, 6 calls"] == results["sev-snp-measure command, 6 calls"]
    )
    medians = {way: statistics.median(values) for way, values in times.items()}
    base = medians["auditkit, matrix of 6"]
    print(f"{rounds} rounds, medians; all digests agree")
    for way, median in medians.items():
        print(f"{way:<38}{median * 1000:8.1f} ms  {median / base:6.2f} times the matrix of 6")


if __name__ == "__main__":
    main()
