"""The salted digests of blocks, by dfinity's constants.

Run as a program, it is the helper of `auditkit.guestos.verity.helper`. It imports nothing but the standard library, so
that it starts in a few milliseconds.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys

BLOCK_SIZE = 4096
DIGEST_SIZE = 32
SALT = bytes.fromhex("89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483")
ZERO_DIGEST = hashlib.sha256(SALT + bytes(BLOCK_SIZE)).digest()
"""The salted digest of a block of zeros."""
COUNT_SIZE = 4  # bytes of a number on the helper's standard input
_SALTED = hashlib.sha256(SALT)


def digest_blocks(data: bytes | memoryview) -> bytes:
    """The salted digests of the blocks in ``data``, one behind the other."""
    digests = []
    view = memoryview(data)
    salted = _SALTED.copy
    for at in range(0, len(view), BLOCK_SIZE):
        digest = salted()
        digest.update(view[at : at + BLOCK_SIZE])
        digests.append(digest.digest())
    return b"".join(digests)


def _help(shared: int, slot_size: int) -> None:
    """Digests slot after slot of the shared memory, each as far as a number on standard input says."""
    with mmap.mmap(shared, 0) as memory, memoryview(memory) as view:
        start = 0
        while count := os.read(0, COUNT_SIZE):
            with view[start : start + int.from_bytes(count, "little")] as blocks:
                digests = digest_blocks(blocks)
            while digests:
                digests = digests[os.write(1, digests) :]
            start = (start + slot_size) % len(view)


if __name__ == "__main__":
    _help(int(sys.argv[1]), int(sys.argv[2]))
