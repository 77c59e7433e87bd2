"""cryptsetup's own roots of dm-verity, which have other salts than a release."""

from __future__ import annotations

import hashlib
import json

from auditkit.guestos.verity import block_digests, hash_tree


def test_roots_of_zeros(peers, monkeypatch):
    cases = json.loads((peers / "verity" / "roots.json").read_text())
    assert len(cases) == 2
    for case in cases:
        assert (case["data"], case["block"], case["algorithm"], case["format"]) == (
            "8388608 zero bytes", 4096, "sha256", 1
        )  # fmt: skip
        monkeypatch.setattr(block_digests, "_SALTED", hashlib.sha256(bytes.fromhex(case["salt"])))
        root, levels = hash_tree(block_digests.digest_blocks(bytes(8388608)))
        assert root.hex() == case["root"]
        assert [len(level) // 4096 for level in levels] == [1, 16]
