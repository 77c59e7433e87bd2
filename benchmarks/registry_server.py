"""The practice network with a synthetic registry, for `registry_sync.py`: tells its address and root key, and serves.

python benchmarks/registry_server.py VERSIONS KEYS
"""

from __future__ import annotations

import random
import sys
from hashlib import sha256

from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.nns.registry import History, Mutation, MutationKind, Version
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.release.published import DATA
from auditkit.practice.server import PracticeServer

MADE_NS = 1_700_000_000_000_000_000
PREFIXES = ((1_500, "node_record_"), (3_000, "node_operator_record_"), (6_000, "crypto_threshold_signing_"))


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
        told = []
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
            key = next(fresh, None) or named[chance.randrange(keys)]
            at = chance.randrange(len(pool) - 1_600)
            told.append(Mutation(MutationKind.UPSERT, key, pool[at : at + chance.randint(100, 1_500)]))
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
