"""Small files that describe large things are refused at once."""

import time
import tracemalloc

import pytest

from auditkit.errors import EvidenceError
from auditkit.ic import candid, cbor
from auditkit.ic.candid import MAGIC
from auditkit.practice.nns.candid_writer import sleb128, uleb128

LONGEST = 0.5  # seconds; docs/benchmarks.md has what an idle machine takes
HANG = 5  # seconds, for what is work and no refusal


def shared_references() -> bytes:
    """367 bytes: forty arrays, each of which holds the one before it six times by reference (tags 28 and 29)."""
    inner = b"\xd8\x1c\x80"
    for level in range(40):
        inner = (
            b"\xd8\x1c\x82"
            + inner
            + b"\xd8\x1d"
            + (bytes([level]) if level < 24 else b"\x18" + bytes([level]))
        )
    return inner.ljust(367, b"\0")[:367]


def doubling_records(levels: int) -> bytes:
    """Record i holds record i+1 twice; the last is empty: 2^levels values that take no bytes."""
    table = b"".join(
        sleb128(-20) + b"\x02\x00" + sleb128(i + 1) + b"\x01" + sleb128(i + 1) for i in range(levels)
    )
    return MAGIC + uleb128(levels + 1) + table + sleb128(-20) + b"\x00" + b"\x01\x00"


CBOR_BOMBS = {
    "shared references": shared_references(),
    "nested arrays": b"\x81" * 1_000_000 + b"\x80",
    "nested maps": b"\xa1\x60" * 1_000_000 + b"\x80",
    "nested tags": b"\xd9\xd9\xf7" * 100_000 + b"\x00",
    "array of 2^64 items": b"\x9b" + b"\xff" * 8,
    "string of 2^63 bytes": b"\x5b\x7f" + b"\xff" * 7,
    "indefinite arrays": b"\x9f" * 1_000_000,
    "100 MB": bytes(100_000_000),
}

CANDID_BOMBS = {
    "2^32 types": MAGIC + uleb128(2**32),
    "vec null of 2^40": MAGIC + b"\x01\x6d\x7f\x01\x00" + uleb128(2**40),
    "vec reserved of 2^40": MAGIC + b"\x01\x6d\x70\x01\x00" + uleb128(2**40),
    "vec empty record of 2^40": MAGIC + b"\x02\x6d\x01\x6c\x00\x01\x00" + uleb128(2**40),
    "vec nat8 of 2^40": MAGIC + b"\x01\x6d\x7b\x01\x00" + uleb128(2**40),
    "LEB128 of 1 MB": MAGIC + b"\x00\x01\x7d" + b"\x80" * 1_000_000 + b"\x00",
    "LEB128 of 1 MB as type count": MAGIC + b"\x80" * 1_000_000 + b"\x00",
    "record of itself": MAGIC + b"\x01\x6c\x01\x00\x00\x01\x00",
    "record of itself twice": MAGIC + b"\x01\x6c\x02\x00\x00\x01\x00\x01\x00",
    "opt of itself": MAGIC + b"\x01\x6e\x00\x01\x00" + b"\x01" * 100_000,
    "vec of itself": MAGIC + b"\x01\x6d\x00\x01\x00" + b"\x01" * 100_000,
    "opt of opt": MAGIC
    + uleb128(4000)
    + b"".join(b"\x6e" + sleb128(i + 1) for i in range(3999))
    + b"\x6e\x7f\x01\x00"
    + b"\x01" * 4000,
    "doubling records": doubling_records(40),
    "2^32 fields": MAGIC + b"\x01\x6c" + uleb128(2**32),
    "a million fields": MAGIC
    + uleb128(4000)
    + (b"\x6c" + uleb128(250) + b"".join(uleb128(field) + b"\x7f" for field in range(250))) * 4000
    + b"\x00",
    "2^32 arguments": MAGIC + b"\x00" + uleb128(2**32),
}


def cpu_seconds_to_refuse(read, data: bytes) -> float:
    """Seconds of processor time of the fastest of five runs, each of which has to refuse.

    Processor time leaves out what other processes take; the fastest run leaves out what they do to the caches.
    Nothing here waits, so on an idle machine it is the time that a user waits.
    """
    times = []
    for _ in range(5):
        start = time.thread_time()
        with pytest.raises(EvidenceError):
            read(data)
        times.append(time.thread_time() - start)
        if times[-1] < LONGEST:
            break
    return min(times)


@pytest.mark.parametrize("data", CBOR_BOMBS.values(), ids=CBOR_BOMBS.keys())
def test_cbor_bombs(data):
    assert cpu_seconds_to_refuse(cbor.decode, data) < LONGEST


@pytest.mark.parametrize("data", CANDID_BOMBS.values(), ids=CANDID_BOMBS.keys())
def test_candid_bombs(data):
    assert cpu_seconds_to_refuse(candid.decode, data) < LONGEST


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (cbor.decode, b"\x9a\x00\x01\x86\x9f" + b"\x80" * 99_999),
        (cbor.decode, b"\x9a\x00\x01\x86\x9e" + b"\xa0" * 99_998),
        (candid.decode, MAGIC + b"\x02\x6d\x01\x6e\x7f\x01\x00" + uleb128(49_000) + b"\x01" * 49_000),
        (candid.decode, MAGIC + b"\x01\x6d\x7f\x01\x00" + uleb128(9_990)),
    ],
    ids=["arrays", "maps", "vec opt null", "vec null"],
)
def test_the_largest_accepted_documents_stay_small(read, data):
    tracemalloc.start()
    try:
        read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 128 << 20


def test_a_bomb_in_a_certificate_fails_a_check(world):
    for data in CBOR_BOMBS.values():
        assert world.verify(data).decisions[0].outcome == "fail"
    for data in CANDID_BOMBS.values():
        if len(data) < 10_000:
            assert world.verify(world.certificate(world.state(data))).decisions[12].outcome == "fail"


def heavy_certificate(delegation: bytes | None) -> bytes:
    """As many nodes as the limits allow, each a hash to compute, under a signature that is a possible point."""
    nodes = [[2, number.to_bytes(4, "big"), [3, b""]] for number in range(12_000)]
    while len(nodes) > 1:
        nodes = [[1, *nodes[i : i + 2]] for i in range(0, len(nodes) - 1, 2)] + nodes[len(nodes) & ~1 :]
    fields = {"tree": nodes[0], "signature": b"\x8d" + bytes(47)}
    if delegation is not None:
        fields["delegation"] = {"subnet_id": b"x", "certificate": delegation}
    return cbor.encode(fields, tagged=False)


def test_the_heaviest_certificate_is_decided_soon(world):
    """Work that grows with more than the size would take minutes; docs/benchmarks.md has the measured time."""
    data = heavy_certificate(heavy_certificate(None))
    start = time.thread_time()
    decisions = world.verify(data).decisions
    assert time.thread_time() - start < HANG
    assert [decision.outcome for decision in decisions[:4]] == ["pass"] * 4
    assert decisions[7].outcome == "fail"
    assert len(data) > 200_000
