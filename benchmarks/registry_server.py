"""The practice network with a synthetic registry, for `registry_sync.py`: tells its address and root key, and serves.

python benchmarks/registry_server.py VERSIONS KEYS
"""

from __future__ import annotations

import random
import sys
from hashlib import sha256, shake_256

from auditkit.ic import Principal
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.nns.protobuf_writer import (
    bytes_field,
    message_field,
    number_field,
    repeated_bytes,
    text_field,
)
from auditkit.practice.nns.registry import History, Mutation, MutationKind, Version
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.release.published import DATA
from auditkit.practice.server import PracticeServer

MADE_NS = 1_700_000_000_000_000_000
NODES, OPERATORS, CENTERS, SUBNETS = 1_500, 150, 100, 50
PREFIXES = ((6_000, "crypto_threshold_signing_"), (1 << 60, "replica_version_or_other_"))


def principal(kind: str, number: int) -> Principal:
    return Principal(sha256(f"{kind} {number}".encode()).digest()[:28] + b"\x02")


def names(keys: int) -> list[tuple[str, int, bytes]]:
    """Kinds, numbers and keys as long as real ones, a tenth of them of nodes."""
    found = [("center", number, f"data_center_record_dc{number}".encode()) for number in range(CENTERS)]
    for kind, count, prefix in (
        ("operator", OPERATORS, "node_operator_record_"),
        ("node", NODES, "node_record_"),
        ("subnet", SUBNETS, "subnet_record_"),
    ):
        found += [(kind, one, f"{prefix}{principal(kind, one)}".encode()) for one in range(count)]
    for number in range(len(found), keys):
        prefix = next(text for below, text in PREFIXES if number < below)
        found.append(("other", number, f"{prefix}{sha256(b'%d' % number).hexdigest()[:63]}".encode()))
    return found[:keys]


def node(chance: random.Random, number: int, padding: bytes) -> bytes:
    """A node that has had up to four chips, one of them most of the time."""
    chip = shake_256(b"chip %d %d" % (number, chance.choice((0,) * 12 + (1, 2, 3)))).digest(64)
    operator = principal("operator", number % OPERATORS).raw
    return message_field(6, bytes_field(1, padding[:200])) + bytes_field(15, operator) + bytes_field(16, chip)


def record(chance: random.Random, kind: str, number: int, padding: bytes) -> bytes:
    if kind == "node":
        return node(chance, number, padding)
    if kind == "operator":
        provider = principal("provider", number % 80).raw
        return (
            bytes_field(1, padding[:29])
            + bytes_field(3, provider)
            + text_field(4, f"dc{number % CENTERS}")
            + bytes_field(9, padding[:60])
        )
    if kind == "center":
        return text_field(2, f"Europe,CH,Place {number}") + text_field(3, "Owner")
    if kind == "subnet":
        members = (principal("node", one).raw for one in range(number, NODES, SUBNETS + 20))
        features = message_field(23, number_field(9, number % 2))
        return repeated_bytes(3, members) + number_field(15, 1) + features + bytes_field(40, padding[:400])
    return padding


def synthetic(versions: int, keys: int) -> History:
    """A registry in which every key is live at the end; a version changes 1.7 records of 100 to 1,500 bytes."""
    chance, named = random.Random(3), names(keys)
    pool = chance.randbytes(1 << 20)
    fresh = iter(named)

    def changes() -> tuple[Mutation, ...]:
        told = []
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
            kind, number, key = next(fresh, None) or named[chance.randrange(len(named))]
            at = chance.randrange(len(pool) - 1_600)
            padding = pool[at : at + chance.randint(100, 1_500)]
            told.append(Mutation(MutationKind.UPSERT, key, record(chance, kind, number, padding)))
        return tuple(told)

    return History(
        tuple(Version(number, MADE_NS + number * 10**9, changes()) for number in range(1, versions + 1))
    )


def main() -> None:
    versions, keys = map(int, sys.argv[1:])
    server = PracticeServer(0, PracticeNns(registry=synthetic(versions, keys)), DATA)
    print(server.url, ROOT_KEY.hex(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
