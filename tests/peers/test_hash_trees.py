"""dfinity's own trees of ic-certification: their root hashes, and what stands at a path.

Two deviations (docs/peers.md): where ic-certification finds an empty subtree, auditkit says that nothing is there; and
a certificate whose tree has a value beside labels is refused, which ic-certification only hashes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditkit.errors import EvidenceError
from auditkit.ic import cbor, hash_tree
from auditkit.ic.hash_tree import Absent, Empty, Error, Found, FoundSubtree, Unknown

KINDS = {"Absent": Absent, "Unknown": Unknown, "Error": Error}


@pytest.fixture(scope="module")
def trees(peers: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((peers / "hash-trees" / "ic-certification.json").read_text())
    assert len(found) == 19
    return found


def parsed(case: dict[str, Any]) -> hash_tree.HashTree:
    return hash_tree.parse(cbor.decode(bytes.fromhex(case["cbor"])))


def path_of(asked: dict[str, Any]) -> list[bytes]:
    return [label.encode() for label in asked["path"]]


def test_root_hashes(trees):
    hashed = [case for case in trees if "root_hash" in case]
    assert len(hashed) >= 3
    for case in hashed:
        assert hash_tree.root_hash(parsed(case)).hex() == case["root_hash"], case["name"]


def test_well_formed_trees(trees):
    refused = []
    for case in trees:
        try:
            hash_tree.check_well_formed(parsed(case))
        except EvidenceError as error:
            refused.append((case["name"], error.what))
    reason = "a value stands among labelled parts of the hash tree"
    assert refused == [("works_with_simple_tree", reason)]


def test_look_ups_of_values(trees):
    asked = [(case, one) for case in trees for one in case["lookups"]]
    assert len(asked) == 56
    for case, one in asked:
        expected = Found(bytes.fromhex(one["value"])) if one["result"] == "Found" else KINDS[one["result"]]()
        assert hash_tree.lookup(parsed(case), path_of(one)) == expected, (case["name"], one)


def test_look_ups_of_subtrees(trees):
    asked = [(case, one) for case in trees for one in case["subtrees"]]
    assert len(asked) == 48
    empty = 0
    for case, one in asked:
        found = hash_tree.lookup_subtree(parsed(case), path_of(one))
        if one["result"] != "Found":
            assert found == KINDS[one["result"]](), (case["name"], one)
            continue
        theirs = hash_tree.parse(cbor.decode(bytes.fromhex(one["cbor"])))
        if theirs == Empty():
            empty += 1
            assert found == Absent(), (case["name"], one)
        else:
            assert found == FoundSubtree(theirs), (case["name"], one)
    assert 0 < empty < 20
