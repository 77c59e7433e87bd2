"""Which blocks of 512 bytes of a file are data, whatever pieces it comes in."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos.archive import DataRuns
from auditkit.limits import LIMITS

ZERO, DATA = bytes(512), b"\1" * 512


def runs_of(*pieces: tuple[int, bytes]) -> list[tuple[int, int]]:
    runs = DataRuns()
    for offset, data in pieces:
        runs.add(offset, memoryview(data))
    return list(runs)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (ZERO * 300, []),
        (DATA * 300, [(0, 153_600)]),
        (ZERO + DATA + ZERO, [(512, 512)]),
        (DATA + ZERO + DATA, [(0, 512), (1024, 512)]),
        (ZERO * 200 + DATA + ZERO * 200, [(102_400, 512)]),
        # more than 512 zeros in a row, of which no block of the file is made
        (b"\1" + bytes(700) + b"\1" * 323, [(0, 1024)]),
        (b"\1" + bytes(1022) + b"\1" + ZERO, [(0, 1024)]),
        (b"\1" + bytes(1534) + b"\1", [(0, 512), (1024, 512)]),
    ],
)
def test_the_runs_of_a_file(content, expected):
    assert runs_of((0, content)) == expected


def test_a_hole_between_pieces_is_zeros():
    assert runs_of((512, DATA), (4096, DATA)) == [(512, 512), (4096, 512)]


def test_runs_that_touch_are_one():
    assert runs_of((0, DATA), (512, DATA)) == [(0, 1024)]


def test_a_block_that_comes_in_two_parts_is_one_block():
    assert runs_of((100, b"\1"), (200, b"\1" * 500)) == [(0, 1024)]
    assert runs_of((100, b"\1"), (200, bytes(500))) == [(0, 512)]
    assert runs_of((100, bytes(50)), (200, bytes(500))) == []


def test_every_way_to_cut_a_file_gives_the_same_runs():
    source = random.Random(7)
    content = b"".join(source.choice((ZERO, DATA, source.randbytes(512))) for _ in range(2000))
    blocks = [at for at in range(0, len(content), 512) if any(content[at : at + 512])]
    whole = runs_of((0, content))
    assert [at for start, length in whole for at in range(start, start + length, 512)] == blocks
    for _ in range(20):
        cuts = [0, *sorted(source.sample(range(len(content)), 30)), len(content)]
        assert runs_of(*((a, content[a:b]) for a, b in pairwise(cuts))) == whole


def test_what_lies_behind_the_end_is_left_out():
    runs = DataRuns()
    runs.add(0, DATA + ZERO + DATA * 3)
    assert list(runs.clipped(1536)) == [(0, 512), (1024, 512)]
    assert list(runs.clipped(1200)) == [(0, 512), (1024, 176)]
    assert list(runs.clipped(1024)) == [(0, 512)]
    assert (runs.stored, runs.clipped(1200).stored) == (2048, 688)


def test_there_are_not_more_runs_than_the_limit():
    runs = DataRuns(limits=replace(LIMITS, sparse_entries=2))
    runs.add(0, DATA + ZERO + DATA + DATA)
    with pytest.raises(EvidenceError, match="more pieces of data than the limit"):
        runs.add(4096, DATA)
