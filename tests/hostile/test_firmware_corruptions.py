"""Two thousand damaged firmware images: a typed error or the digest of sev-snp-measure, nothing else."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from auditkit.errors import EvidenceError
from auditkit.practice.release.firmware import practice_firmware
from auditkit.sev import measure, measured_boot

KERNEL, INITRD, LINE = b"kernel", b"initrd", "root=a"
CASES, BATCHES = 2000, 4


def damaged(source: random.Random, image: bytes, starts: tuple[tuple[int, int], ...]) -> bytes:
    """``image`` with some bytes changed, mostly where its tables are; sometimes cut, grown or shifted."""
    data = bytearray(image)
    kind = source.random()
    if kind < 0.05:
        return bytes(data[: source.randrange(len(data))])
    if kind < 0.1:
        return bytes(data[source.randrange(len(data)) :])
    if kind < 0.12:
        return bytes(data) + source.randbytes(source.choice((1, 32, 4096)))
    for _ in range(source.choice((1, 1, 1, 2, 4))):
        low, high = source.choice(starts) if kind < 0.9 else (0, len(data))
        place = source.randrange(low, high)
        data[place] = source.choice(
            (source.randrange(256), data[place] ^ (1 << source.randrange(8)), 0, 0xFF)
        )
    return bytes(data)


def library_digest(path, firmware: bytes) -> bytes:
    from sevsnpmeasure.guest import snp_calc_launch_digest

    for name, data in (("firmware", firmware), ("kernel", KERNEL), ("initrd", INITRD)):
        (path / name).write_bytes(data)
    names = (str(path / name) for name in ("firmware", "kernel", "initrd"))
    return snp_calc_launch_digest(2, 0xA10F10, *names, LINE, 1, "")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_firmware_is_refused_or_measured_right(tmp_path, vectors, batch):
    suffix = (vectors / "ovmf" / "ovmf_AmdSev_suffix.bin").read_bytes()
    source = random.Random(batch)
    outcomes: Counter[str] = Counter()
    for number in range(CASES // BATCHES):
        if number % 2:
            image = source.randbytes(4096) + suffix
            metadata = image.index(b"ASEV")
        else:
            image = practice_firmware(str(batch), 8192)
            metadata = image.rindex(b"ASEV")
        tables = ((metadata, metadata + 100), (len(image) - 0xB0, len(image) - 32))
        firmware = damaged(source, image, tables)
        began = time.process_time()
        try:
            (item,) = measure(
                measured_boot(firmware, KERNEL, INITRD), {"A": LINE}, vcpu_types=("EPYC-Genoa",), vcpus=(2,)
            )
        except EvidenceError as error:
            outcomes[
                "refused" if error.what.startswith("the firmware cannot be measured: ") else "other"
            ] += 1
        else:
            assert item.measurement == library_digest(tmp_path, firmware)
            outcomes["measured"] += 1
        assert time.process_time() - began < 5
    assert outcomes["other"] == 0
    assert outcomes["refused"] > 100
    assert outcomes["measured"] > 50
