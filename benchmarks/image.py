"""How fast an update image is read, beside the floor: the digest and the decompression alone.

    python benchmarks/image.py update-img.tar.zst [--root root.img] [--repeat 3]

Each measurement is a process of its own, so that its peak memory is its own; the fastest of the repeats
counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import json, resource, sys, time
from pathlib import Path
from auditkit.guestos import read_update_image, root_image_verity
path, work, mode = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
started = time.perf_counter()
if mode == "root":
    root_image_verity(path)
else:
    with path.open("rb", buffering=0) as stream:
        read_update_image(stream, work=work, digest="digest" in mode, verity="verity" in mode)
seconds = time.perf_counter() - started
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
TIMED = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
"""


def measure(code: str, *arguments: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--root", type=Path, help="a bare root.img, to compare with veritysetup verify")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    image = str(options.image)
    jobs: dict[str, tuple[str, ...]] = {
        "floor: openssl dgst -sha256": (TIMED, "openssl", "dgst", "-sha256", image),
        "floor: zstd -t": (TIMED, "zstd", "-qt", image),
        "shell: tar --zstd -x boot.img": (TIMED, "tar", "--zstd", "-xf", image, "-C", "{work}", "boot.img"),
        "auditkit: boot.img": (CHILD, image, "{work}", "boot"),
        "auditkit: boot.img, digest": (CHILD, image, "{work}", "digest"),
        "auditkit: boot.img, digest, verity root": (CHILD, image, "{work}", "digest+verity"),
    }
    if options.root:
        from auditkit.guestos import root_image_verity  # noqa: PLC0415

        root = str(options.root)
        found = root_image_verity(options.root)
        verify = ("veritysetup", "verify", root, root, found.root_hash, f"--hash-offset={found.hash_offset}")
        jobs["floor: veritysetup verify"] = (TIMED, *verify)
        jobs["auditkit: verity root"] = (CHILD, root, "{work}", "root")
    for name, (code, *arguments) in jobs.items():
        results = []
        for _ in range(options.repeat):
            with tempfile.TemporaryDirectory() as work:
                results.append(measure(code, *(work if part == "{work}" else part for part in arguments)))
        seconds, mebibytes = min(results)
        print(f"{name:42} {seconds:7.2f} s {mebibytes:7.0f} MB")


if __name__ == "__main__":
    main()
