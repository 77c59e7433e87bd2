"""Certified changes: the real answer of mainnet, and each rule of the client broken once."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from ic.registry.writing import NOW, W, blob, fork, labeled, leaf, number, pruned, varint

from auditkit.errors import EvidenceError
from auditkit.ic import MAINNET_ROOT_KEY, REGISTRY, hash_tree
from auditkit.ic.registry import (
    LayoutError,
    Mutation,
    MutationType,
    changes_since_argument,
    read_mixed_tree,
    verify_certified_delta,
)
from auditkit.limits import LIMITS
from auditkit.practice.nns.candid_writer import uleb128

SINCE = 60_001
D1 = b"1" * 32


def mutation(kind: int = 4, key: bytes = b"k", content: bytes = blob(3, b"v")) -> bytes:
    return blob(1, (number(1, kind) if kind else b"") + blob(2, key) + content)


def delta_tree(*versions: int, change: bytes = mutation() + number(6, NOW)) -> bytes:
    """The part ``delta`` with a change for each version; an unbalanced tree does as well as any."""
    joined = labelled(versions[0], leaf(change))
    for version in versions[1:]:
        joined = fork(joined, labelled(version, leaf(change)))
    return labeled("delta", joined)


def labelled(version: int, tree: bytes) -> bytes:
    return blob(3, blob(1, version.to_bytes(8, "big")) + blob(2, tree))


def history(current: int | bytes, delta: bytes) -> bytes:
    written = current if isinstance(current, bytes) else varint(current)
    return fork(labeled("current_version", leaf(written)), delta)


def answer(tree: bytes, *, signer=None, canister=REGISTRY.raw, data: bytes | None = None) -> bytes:
    """An answer in which the practice NNS certifies ``tree``."""
    digest = hash_tree.root_hash(read_mixed_tree(tree)) if data is None else data
    state = {"canister": {canister: {"certified_data": digest}}, "time": uleb128(NOW)}
    return blob(1, tree) + blob(2, W.certificate(state, signer=signer))


def verify(data: bytes, since: int = SINCE, **limits):
    return verify_certified_delta(
        data, root_key=W.root.public_key_der, since=since, now_ns=NOW, limits=replace(LIMITS, **limits)
    )


def refusal(data: bytes, since: int = SINCE, **limits) -> EvidenceError:
    with pytest.raises(EvidenceError) as caught:
        verify(data, since, **limits)
    return caught.value


@pytest.fixture(scope="module")
def real(vectors) -> tuple[bytes, dict]:
    """The answer of mainnet to "what changed since version 62,953?", and what was decoded from it elsewhere."""
    told = json.loads((vectors / "registry" / "registry_delta_62954.json").read_text())
    written = told["report"]["certification"]
    tree, certificate = bytes.fromhex(written["hash_tree_hex"]), bytes.fromhex(written["certificate_hex"])
    return blob(1, tree) + blob(2, certificate), told["report"]


def test_the_real_answer_of_mainnet(real):
    data, told = real
    assert len(data) == told["certified_response_bytes"] == 3404
    delta = verify_certified_delta(data, root_key=MAINNET_ROOT_KEY, since=62_953)
    assert delta.version == told["certified_latest_version"] == 62_954
    assert delta.time_ns == told["certification"]["certificate_time_nanos"]
    (change,), (expected,) = delta.changes, told["versions"]
    assert (change.version, change.timestamp_ns) == (expected["version"], expected["timestamp_nanoseconds"])
    (ours,), (theirs,) = change.mutations, expected["mutations"]
    assert ours == Mutation(
        MutationType.UPSERT, bytes.fromhex(theirs["key_hex"]), bytes.fromhex(theirs["value_hex"]), None
    )


def test_any_changed_byte_of_it_is_refused(real):
    data, _ = real
    chosen = random.Random(62_954)
    for _ in range(100):
        at, other = chosen.randrange(len(data)), chosen.randrange(1, 256)
        changed = data[:at] + bytes([data[at] ^ other]) + data[at + 1 :]
        with pytest.raises(EvidenceError):
            verify_certified_delta(changed, root_key=MAINNET_ROOT_KEY, since=62_953)


@pytest.mark.parametrize("since", [62_952, 62_954, 0])
def test_it_answers_one_question_alone(real, since):
    with pytest.raises(EvidenceError):
        verify_certified_delta(real[0], root_key=MAINNET_ROOT_KEY, since=since)


@pytest.mark.parametrize(
    ("version", "argument"), [(0, ""), (1, "0801"), (127, "087f"), (300, "08ac02"), (62_953, "08e9eb03")]
)
def test_what_is_asked_is_which_version_is_known(version, argument):
    """Field 1, a varint, by hand; 300 is the example in the documents of protocol buffers."""
    assert changes_since_argument(version).hex() == argument


def test_changes_in_their_order():
    delta = verify(answer(history(SINCE + 3, delta_tree(SINCE + 1, SINCE + 2, SINCE + 3))))
    assert [change.version for change in delta.changes] == [SINCE + 1, SINCE + 2, SINCE + 3]
    assert delta.changes[0].mutations == (Mutation(MutationType.UPSERT, b"k", b"v", None),)
    assert delta.changes[0].timestamp_ns == NOW
    assert (delta.version, delta.time_ns) == (SINCE + 3, NOW)


def test_fewer_than_all_is_a_page():
    delta = verify(answer(history(SINCE + 9, delta_tree(SINCE + 1, SINCE + 2))))
    assert (delta.version, len(delta.changes)) == (SINCE + 9, 2)


def test_nothing_new():
    assert verify(answer(history(SINCE, pruned()))).changes == ()


def test_neighbours_that_are_pruned_are_left_aside():
    inside = fork(labelled(SINCE, pruned()), labelled(SINCE + 1, leaf(mutation())))
    assert len(verify(answer(history(SINCE + 1, labeled("delta", inside)))).changes) == 1


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (mutation(0), Mutation(MutationType.INSERT, b"k", b"v", None)),
        (mutation(1), Mutation(MutationType.UPDATE, b"k", b"v", None)),
        (mutation(2, content=b""), Mutation(MutationType.DELETE, b"k", None, None)),
        (mutation(4, content=blob(3, b"")), Mutation(MutationType.UPSERT, b"k", b"", None)),
        (mutation(4, content=blob(4, blob(1, D1))), Mutation(MutationType.UPSERT, b"k", None, (D1,))),
        (mutation(4, key=b"\xff"), Mutation(MutationType.UPSERT, b"\xff", b"v", None)),
    ],
)
def test_mutations(content, read):
    delta = verify(answer(history(SINCE + 1, delta_tree(SINCE + 1, change=content))))
    assert delta.changes[0].mutations == (read,)
    assert delta.changes[0].timestamp_ns is None


ONE = delta_tree(SINCE + 1)
GOOD = answer(history(SINCE + 1, ONE))
GAP = "the changes of the registry have a gap"
NOT_TO_THE_END = "the changes of the registry do not lead to its newest version"
BROKEN = {
    "the certificate is another's": (
        answer(history(SINCE + 1, ONE), signer=W.subnet),
        "the certificate of the changes does not hold",
    ),
    "the certificate is none": (blob(1, history(1, ONE)) + blob(2, b"x"), "the certificate of the changes"),
    "another canister's data": (
        answer(history(SINCE + 1, ONE), canister=b"other"),
        "the certificate says nothing about the registry's data",
    ),
    "other data": (answer(history(SINCE + 1, ONE), data=D1), "the certificate is about other changes"),
    "no newest version": (
        answer(fork(labeled("current", leaf(b"\1")), ONE)),
        "the registry's answer does not say which version is the newest",
    ),
    "the newest version is pruned": (
        answer(fork(labeled("current_version", pruned()), ONE)),
        "the registry's answer does not say which version is the newest",
    ),
    "the newest version is no number": (
        answer(history(b"\x80\x00", ONE)),
        "the newest version of the registry takes more bytes than it needs",
    ),
    "the first is left out": (answer(history(SINCE + 2, delta_tree(SINCE + 2))), GAP),
    "one in between is left out": (
        answer(history(SINCE + 3, delta_tree(SINCE + 1, SINCE + 3))),
        GAP,
    ),
    "one in between is pruned": (
        answer(
            history(
                SINCE + 3,
                labeled(
                    "delta",
                    fork(
                        labelled(SINCE + 1, leaf(mutation())),
                        fork(labelled(SINCE + 2, pruned()), labelled(SINCE + 3, leaf(mutation()))),
                    ),
                ),
            )
        ),
        GAP,
    ),
    "one that is known already": (answer(history(SINCE + 1, delta_tree(SINCE, SINCE + 1))), GAP),
    "a label of nine bytes": (
        answer(history(SINCE + 1, labeled("delta", labeled("\0" + "\0" * 8, leaf(b""))))),
        GAP,
    ),
    "a change that is a tree": (
        answer(history(SINCE + 1, labeled("delta", labelled(SINCE + 1, labeled("x", leaf(b"")))))),
        "a change of the registry is not a value",
    ),
    "a change behind the newest version": (answer(history(SINCE, ONE)), NOT_TO_THE_END),
    "changes that are kept back": (answer(history(SINCE + 1, pruned())), NOT_TO_THE_END),
    "a newest version before the one asked about, and no changes": (
        answer(history(SINCE - 1, pruned())),
        NOT_TO_THE_END,
    ),
    "no tree": (GOOD[len(blob(1, history(SINCE + 1, ONE))) :], "the registry's answer lacks its hash tree"),
    "no certificate": (blob(1, history(SINCE + 1, ONE)), "the registry's answer lacks its hash tree"),
    "a change that is malformed": (
        answer(history(SINCE + 1, delta_tree(SINCE + 1, change=b"\x0b"))),
        "a field of a wire type that has no place here",
    ),
}


@pytest.mark.parametrize(("data", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_rules(data, told):
    error = refusal(data)
    assert error.what.startswith(told)
    assert not isinstance(error, LayoutError)


LAYOUT = {
    "a field of the answer": GOOD + number(3, 1),
    "two trees": GOOD + blob(1, history(SINCE + 1, ONE)),
    "a way of changing": answer(history(SINCE + 1, delta_tree(SINCE + 1, change=mutation(3)))),
    "a value and parts": answer(
        history(
            SINCE + 1, delta_tree(SINCE + 1, change=mutation(content=blob(3, b"") + blob(4, blob(1, D1))))
        )
    ),
    "a part that is no digest": answer(
        history(SINCE + 1, delta_tree(SINCE + 1, change=mutation(content=blob(4, blob(1, b"short")))))
    ),
}


@pytest.mark.parametrize("data", LAYOUT.values(), ids=LAYOUT.keys())
def test_layouts_that_are_not_known(data):
    assert isinstance(refusal(data), LayoutError)


def test_the_number_of_versions_is_limited():
    data = answer(history(SINCE + 2, delta_tree(SINCE + 1, SINCE + 2)))
    assert len(verify(data, registry_versions=2).changes) == 2
    assert refusal(data, registry_versions=1).what == "the answer holds more than 1 versions"


def test_how_far_the_changes_lead_is_told():
    assert refusal(answer(history(SINCE + 1, pruned()))).observed == "none"
    assert refusal(answer(history(SINCE, ONE))).observed == f"changes up to version {SINCE + 1}"
