"""Random damage to root file systems that are compared: one typed error that names the image, or the right differences.

`make test-thorough` makes a thousand cases of each, `make test` a tenth of it.
"""

from __future__ import annotations

import random
import resource
import subprocess
import time
from pathlib import Path

import pytest
from guestos.conftest import UUID, append_hash_tree

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.roots import ChangeKind, compare_roots

CASES = 100
FULL = 1000
SECONDS = 10.0
SIZE = 8 << 20
KINDS = {"checksums": ("-O", "^has_journal"), "no-checksums": ("-O", "^has_journal,^metadata_csum")}


@pytest.fixture(scope="module")
def make_roots(tmp_path_factory, program):
    """A function that makes two roots of one tree, and gives the offsets of what can be damaged."""

    def make(kind: str) -> tuple[Path, Path, list[int]]:
        folder = tmp_path_factory.mktemp(kind)
        tree, noise = folder / "tree", random.Random(2)
        (tree / "etc").mkdir(parents=True)
        for number in range(40):
            (tree / "etc" / f"file-{number}").write_bytes(f"{number}\n".encode() * noise.randrange(1, 900))
        with (tree / "pieces").open("wb") as file:
            for number in range(60):
                file.seek(number * 8192)
                file.write(b"%d\n" % number)
        (tree / "link").symlink_to("t" * 100)
        images = []
        for name in ("base.img", "recovery.img"):
            image = folder / name
            options = ["-q", "-t", "ext4", "-b", "4096", "-U", UUID, "-E", f"hash_seed={UUID}", *KINDS[kind]]
            subprocess.run(
                [program("mke2fs"), *options, "-d", tree, image, str(SIZE >> 10)],
                check=True,
                capture_output=True,
                env={"E2FSPROGS_FAKE_TIME": "1"},
            )
            append_hash_tree(program("veritysetup"), image)
            images.append(image)
        with images[1].open("rb") as file:
            data = file.read(SIZE)
        used = [at for at in range(0, SIZE, 4096) if data[at : at + 4096] != bytes(4096)]
        return images[0], images[1], used

    return make


def damage(noise: random.Random, block: bytes) -> tuple[int, bytes]:
    """Where in a block to write what; most of it is unused, so it aims at bytes that are something."""
    start = noise.choice([at for at, byte in enumerate(block) if byte])
    kind = noise.randrange(4)
    if kind == 0:
        return start, bytes([block[start] ^ 1 << noise.randrange(8)])
    if kind == 1:
        return start, noise.randbytes(min(noise.randrange(1, 9), len(block) - start))
    if kind == 2:
        return start & ~3, noise.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", b"\0\0\0\x80"])
    return 0, bytes(len(block))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_roots(kind, make_roots, request):
    cases = FULL if "thorough" in request.config.getoption("-m") else CASES
    base, recovery, used = make_roots(kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = seen = 0
    unnamed: list[str] = []
    with recovery.open("r+b", buffering=0) as file:
        for seed in range(cases):
            noise = random.Random(seed)
            at = noise.choice(used)
            file.seek(at)
            block = file.read(4096)
            offset, data = damage(noise, block)
            file.seek(at + offset)
            file.write(data)
            began = time.process_time()
            try:
                found = compare_roots(base, recovery)
            except (EvidenceError, SourceError) as error:
                refused += 1
                unnamed += [str(error)] if not error.where.startswith(str(recovery)) else []
            else:
                seen += found.counts.total
                if kind == "checksums":  # nothing but contents and the targets of long links is without one
                    assert {one.kind for one in found.differences} <= {ChangeKind.CHANGED}, f"seed {seed}"
            assert time.process_time() - began < SECONDS, f"seed {seed}"
            file.seek(at)
            file.write(block)
        assert compare_roots(base, recovery).counts.total == 0
    assert unnamed == []
    assert refused > cases // 20
    assert seen > cases // 20
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 256 << 10, f"{grown} KiB"
