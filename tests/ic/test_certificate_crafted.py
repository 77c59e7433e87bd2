"""Certificates that break one rule each, correctly signed wherever the rule is not about signatures.

A case names the check that has to fail; no other check may.
"""

from __future__ import annotations

import cbor2
import pytest

from auditkit.errors import ParameterError
from auditkit.ic import GOVERNANCE, Principal, cbor, verify_certificate
from auditkit.ic.bls import DST
from auditkit.ic.hash_tree import Fork, Labeled, Leaf, Pruned, encode, root_hash
from auditkit.practice.nns import certify
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.certify import build_tree, delegation_state, encode_ranges, prune
from auditkit.practice.nns.keys import KeyPair

LOW, HIGH = Principal(bytes(10)), Principal(bytes.fromhex("00000000000000ff0101"))
ELSEWHERE = (
    Principal(bytes.fromhex("00000000010000000101")),
    Principal(bytes.fromhex("0000000001ffffff0101")),
)
OTHER = KeyPair("tests: other subnet")
DELEGATION_TIME = 1_779_999_999_000_000_000


def tree_of(world):
    return build_tree(world.state())


def raw_map(world, **changes):
    """The fields of a good certificate without delegation, with changes; None leaves a field out."""
    tree = tree_of(world)
    fields = {
        "tree": encode(tree),
        "signature": world.root.sign(b"\x0dic-state-root" + root_hash(tree)),
        **changes,
    }
    return cbor2.dumps({name: value for name, value in fields.items() if value is not None})


def nested_twice(world):
    inner = world.delegation()
    state = delegation_state(world.subnet, world.ranges(), time_ns=DELEGATION_TIME)
    return world.certificate(
        delegation={
            "subnet_id": world.subnet.subnet_id.raw,
            "certificate": certify.certificate(build_tree(state), world.subnet, delegation=inner),
        }
    )


def with_state(change, form="sharded", keep=None):
    """A delegation whose signed state was changed by ``change(state, subnet id bytes)`` and then pruned."""

    def make(world):
        state = delegation_state(world.subnet, world.ranges(), time_ns=DELEGATION_TIME, form=form)
        identifier = world.subnet.subnet_id.raw
        change(state, identifier)
        tree = build_tree(state)
        if keep is not None:
            tree = prune(tree, [[identifier if label == "ID" else label for label in path] for path in keep])
        return world.certificate(delegation=world.delegation_from(tree))

    return make


def nothing(state, identifier):
    pass


def drop_ranges(state, identifier):
    state.pop("canister_ranges", None)
    state["subnet"][identifier].pop("canister_ranges", None)


def set_key(value):
    def change(state, identifier):
        state["subnet"][identifier]["public_key"] = value

    return change


def set_flat(value):
    def change(state, identifier):
        state["subnet"][identifier]["canister_ranges"] = value

    return change


def set_shards(value):
    def change(state, identifier):
        state["canister_ranges"] = {identifier: value}

    return change


def signed(tree_function):
    return lambda world: world.certificate_of(tree_function(world))


def with_time(value):
    def make(world):
        state = world.state()
        state["time"] = value
        return world.certificate(state)

    return make


def deep_tree(world):
    tree = Leaf(b"")
    for _ in range(125):
        tree = Labeled(b"a", tree)
    return tree


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def wrong_domain(world):
    tree = tree_of(world)
    return raw_map(world, signature=world.root.sign(b"\x0bic-request" + root_hash(tree)))


def flat_ranges(*ranges):
    return with_state(set_flat(encode_ranges(ranges)), form="flat")


def raw_ranges(value):
    return with_state(set_flat(cbor2.dumps(value)), form="flat")


FORM, NODES, TREE, SIGNATURE, KEYS = 1, 2, 3, 5, 6
DEPTH, DELEGATION, RANGES, SUBNET_KEY, TIME = 7, 8, 9, 10, 11

CRAFTED = {
    # 1: form
    "empty file": (FORM, lambda w: b""),
    "HTML": (FORM, lambda w: b"<!doctype html>"),
    "a list": (FORM, lambda w: b"\x80"),
    "wrapped in a response": (FORM, lambda w: cbor2.dumps({"certificate": w.certificate()})),
    "bytes after the end": (FORM, lambda w: w.certificate() + b"\0"),
    "cut short": (FORM, lambda w: w.certificate()[:-1]),
    "unknown field": (FORM, lambda w: raw_map(w, extra=1)),
    "no tree": (FORM, lambda w: raw_map(w, tree=None)),
    "no signature": (FORM, lambda w: raw_map(w, signature=None)),
    "signature is text": (FORM, lambda w: raw_map(w, signature="x" * 48)),
    "field twice": (FORM, lambda w: b"\xa3" + raw_map(w)[1:] + b"\x69signature\x40"),
    "another tag": (FORM, lambda w: b"\xd9\xd9\xf8" + raw_map(w)),
    "tag twice": (FORM, lambda w: b"\xd9\xd9\xf7\xd9\xd9\xf7" + raw_map(w)),
    "indefinite map": (FORM, lambda w: b"\xbf" + raw_map(w)[1:] + b"\xff"),
    "long head": (FORM, lambda w: b"\xb8\x02" + raw_map(w)[1:]),
    "delegation is a list": (FORM, lambda w: raw_map(w, delegation=[])),
    "delegation without subnet": (FORM, lambda w: raw_map(w, delegation={"certificate": b""})),
    "delegation with a third field": (FORM, lambda w: raw_map(w, delegation={**w.delegation(), "x": 1})),
    "delegation of an empty certificate": (
        FORM,
        lambda w: raw_map(w, delegation={"subnet_id": b"a", "certificate": b""}),
    ),
    "subnet id of 30 bytes": (
        FORM,
        lambda w: w.certificate(delegation={**w.delegation(), "subnet_id": bytes(30)}),
    ),
    "subnet id is text": (FORM, lambda w: w.certificate(delegation={**w.delegation(), "subnet_id": "uzr34"})),
    # 2: nodes
    "tree is a text": (NODES, lambda w: raw_map(w, tree="tree")),
    "node with a fourth part": (NODES, lambda w: raw_map(w, tree=[*encode(tree_of(w)), [0]])),
    "pruned node of 31 bytes": (NODES, lambda w: raw_map(w, tree=[4, bytes(31)])),
    "node 5": (NODES, lambda w: raw_map(w, tree=[5])),
    "label is text": (NODES, lambda w: raw_map(w, tree=[2, "time", [3, b"\1"]])),
    "bad node in the delegation": (
        NODES,
        lambda w: w.certificate(
            delegation={
                "subnet_id": w.subnet.subnet_id.raw,
                "certificate": cbor2.dumps({"tree": [9], "signature": bytes(48)}),
            }
        ),
    ),
    # 3: well-formed
    "label twice": (TREE, signed(lambda w: Fork(tree_of(w), Labeled(b"time", Leaf(b"\1"))))),
    "labels out of order": (
        TREE,
        signed(lambda w: Fork(Labeled(b"time", Leaf(b"\1")), Labeled(b"request_status", Leaf(b"")))),
    ),
    "label twice around a pruned part": (
        TREE,
        signed(lambda w: Fork(tree_of(w), Fork(Pruned(bytes(32)), Labeled(b"time", Leaf(b"\1"))))),
    ),
    "a leaf among labels": (TREE, signed(lambda w: Fork(tree_of(w), Leaf(b"")))),
    "label twice far down": (
        TREE,
        signed(
            lambda w: Fork(
                Labeled(b"a", Fork(Labeled(b"x", Leaf(b"")), Labeled(b"x", Leaf(b"")))), tree_of(w)
            )
        ),
    ),
    "label twice in the delegation": (
        TREE,
        lambda w: w.certificate(
            delegation=w.delegation_from(
                Fork(
                    build_tree(delegation_state(w.subnet, w.ranges(), time_ns=DELEGATION_TIME)),
                    Labeled(b"time", Leaf(b"\1")),
                )
            )
        ),
    ),
    # 5: signature
    "signed by another key": (SIGNATURE, lambda w: w.certificate(signer=OTHER)),
    "signed by the subnet, without delegation": (SIGNATURE, lambda w: w.certificate(signer=w.subnet)),
    "signed by the root, with delegation": (
        SIGNATURE,
        lambda w: w.certificate(delegation=w.delegation(), signer=w.root),
    ),
    "signature of another tree": (SIGNATURE, lambda w: raw_map(w, tree=encode(build_tree({"time": b"\1"})))),
    "signature over another domain": (SIGNATURE, wrong_domain),
    "signature of 47 bytes": (SIGNATURE, lambda w: raw_map(w, signature=bytes(47))),
    "infinity as signature": (SIGNATURE, lambda w: raw_map(w, signature=b"\xc0" + bytes(47))),
    "no signature bytes": (SIGNATURE, lambda w: raw_map(w, signature=b"")),
    "a pruned part replaced": (
        SIGNATURE,
        lambda w: raw_map(w, tree=[1, encode(tree_of(w)), [4, bytes(32)]]),
    ),
    # 6: keys
    "subnet key of 132 bytes": (
        KEYS,
        with_state(set_key(KeyPair("x").public_key_der[:-1])),
    ),
    "subnet key without DER": (KEYS, with_state(set_key(KeyPair("tests: subnet").public_key_der[37:]))),
    "subnet key with another OID": (
        KEYS,
        with_state(
            set_key(KeyPair("tests: subnet").public_key_der.replace(b"\x05\x03\x02\x01", b"\x05\x03\x02\x02"))
        ),
    ),
    "empty subnet key": (KEYS, with_state(set_key(b""))),
    "the infinity as subnet key": (
        SIGNATURE,
        with_state(set_key(KeyPair("x").public_key_der[:37] + b"\xc0" + bytes(95))),
    ),
    # 7 and 8: delegation
    "delegation inside a delegation": (DEPTH, nested_twice),
    "delegation signed by another root": (
        DELEGATION,
        lambda w: w.certificate(delegation=w.delegation(root=OTHER)),
    ),
    "delegation signed by the subnet": (
        DELEGATION,
        lambda w: w.certificate(delegation=w.delegation(root=w.subnet)),
    ),
    "delegation's signature is the infinity": (
        DELEGATION,
        lambda w: w.certificate(
            delegation={
                **w.delegation(),
                "certificate": cbor2.dumps({"tree": [0], "signature": b"\xc0" + bytes(47)}),
            }
        ),
    ),
    # 9: ranges
    "no ranges": (RANGES, with_state(drop_ranges)),
    "flat ranges elsewhere": (RANGES, flat_ranges(ELSEWHERE)),
    "no flat ranges in the list": (RANGES, flat_ranges()),
    "sharded ranges elsewhere": (
        RANGES,
        lambda w: w.certificate(delegation=w.delegation(ranges=[ELSEWHERE])),
    ),
    "no shards": (RANGES, with_state(set_shards({}))),
    "empty shards": (RANGES, with_state(set_shards({b"": encode_ranges([])}))),
    "shards pruned": (RANGES, with_state(nothing, keep=[("subnet",), ("time",)])),
    "our shard pruned": (
        RANGES,
        with_state(
            nothing,
            keep=[("subnet",), ("time",), ("canister_ranges", "ID", bytes.fromhex("00000000000010000101"))],
        ),
    ),
    "flat ranges pruned": (
        RANGES,
        with_state(nothing, form="flat", keep=[("subnet", "ID", "public_key"), ("time",)]),
    ),
    "shards empty, flat ranges good": (
        RANGES,
        with_state(
            lambda s, i: (
                set_shards({b"": encode_ranges([])})(s, i),
                set_flat(encode_ranges([(LOW, HIGH)]))(s, i),
            )
        ),
    ),
    "shards are one value": (RANGES, with_state(set_shards(encode_ranges([(LOW, HIGH)])))),
    "a shard is a tree": (RANGES, with_state(set_shards({b"a": {b"b": encode_ranges([(LOW, HIGH)])}}))),
    "ranges of another subnet": (
        RANGES,
        with_state(
            lambda s, i: s.update(
                canister_ranges={OTHER.subnet_id.raw: {LOW.raw: encode_ranges([(LOW, HIGH)])}}
            )
        ),
    ),
    "range turned around": (RANGES, flat_ranges((HIGH, LOW))),
    "range of one principal": (RANGES, raw_ranges([[LOW.raw]])),
    "range of three principals": (RANGES, raw_ranges([[LOW.raw, HIGH.raw, HIGH.raw]])),
    "ranges are a map": (RANGES, raw_ranges({"a": 1})),
    "range of texts": (RANGES, raw_ranges([["a", "z"]])),
    "range with a principal of 30 bytes": (RANGES, raw_ranges([[LOW.raw, b"\xff" * 30]])),
    "ranges are no CBOR": (RANGES, with_state(set_flat(b"\xff"), form="flat")),
    "range ends just below": (RANGES, flat_ranges((LOW, Principal(bytes.fromhex("00000000000000010100"))))),
    "range starts just above": (
        RANGES,
        flat_ranges((Principal(bytes.fromhex("00000000000000010102")), HIGH)),
    ),
    # 10: subnet key
    "no subnet key": (SUBNET_KEY, with_state(lambda s, i: s["subnet"][i].pop("public_key"))),
    "subnet key pruned": (SUBNET_KEY, with_state(nothing, keep=[("canister_ranges",), ("time",)])),
    "subnet key is a tree": (SUBNET_KEY, with_state(set_key({"x": b"y"}))),
    # 11: time
    "no time": (TIME, lambda w: w.certificate({k: v for k, v in w.state().items() if k != "time"})),
    "time pruned": (TIME, signed(lambda w: prune(tree_of(w), [("request_status",)]))),
    "empty time": (TIME, with_time(b"")),
    "overlong time": (TIME, with_time(b"\x81\x00")),
    "unfinished time": (TIME, with_time(b"\x81")),
    "time and more": (TIME, with_time(b"\x01\x01")),
    "time of 65 bits": (TIME, with_time(uleb128(1 << 64))),
    "time of 11 bytes": (TIME, with_time(b"\x80" * 10 + b"\x01")),
    "time is a tree": (TIME, with_time({"x": b"\1"})),
}


@pytest.mark.parametrize(("number", "make"), CRAFTED.values(), ids=CRAFTED.keys())
def test_one_broken_rule_fails_one_check(world, number, make):
    verification = world.verify(make(world))
    failed = [decision.number for decision in verification.decisions if decision.outcome == "fail"]
    assert failed == [number]
    assert verification.proposal is None
    assert verification.bless is None
    assert verification.time_ns is None
    assert [decision.number for decision in verification.decisions] == list(range(1, 15))
    for decision in verification.decisions:
        assert decision.expected
        assert decision.reason
        if decision.outcome == "skip":
            assert "Not reached: " in decision.reason or "no delegation" in decision.reason


def test_there_are_enough_of_them():
    assert len(CRAFTED) >= 30


def test_deep_trees_are_refused(world):
    tree = deep_tree(world)
    failed = [
        d.number
        for d in world.verify(cbor2.dumps({"tree": encode(tree), "signature": b""})).decisions
        if d.outcome == "fail"
    ]
    assert failed in ([FORM], [NODES])


GOOD = {
    "root": lambda w: w.certificate(),
    "root, tagged": lambda w: w.certificate(tagged=True),
    "delegation is null": lambda w: cbor2.dumps({**cbor2.loads(w.certificate()), "delegation": None}),
    "fields in another order": lambda w: cbor2.dumps(dict(reversed(cbor2.loads(w.certificate()).items()))),
    "sharded": lambda w: w.certificate(delegation=w.delegation()),
    "flat": lambda w: w.certificate(delegation=w.delegation(form="flat")),
    "flat, tagged": lambda w: w.certificate(delegation=w.delegation(form="flat"), tagged=True),
    "other shard pruned": with_state(
        nothing, keep=[("subnet",), ("time",), ("canister_ranges", "ID", bytes(10))]
    ),
    "exactly this canister": flat_ranges((GOVERNANCE, GOVERNANCE)),
    "last of many ranges": flat_ranges(ELSEWHERE, (LOW, LOW), (LOW, HIGH)),
    "much pruned": signed(
        lambda w: prune(
            build_tree({**w.state(), "canister": {b"x": {"y": b"z"}}}), [("time",), ("request_status",)]
        )
    ),
}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD.keys())
def test_good_certificates_hold(world, make):
    verification = world.verify(make(world))
    assert not [decision for decision in verification.decisions if decision.outcome in ("fail", "warn")]
    assert verification.proposal == world.info
    assert verification.time_ns == world.now


def test_who_signed_is_told(world):
    given = "the root key that was given, which is not mainnet's"
    assert world.verify(world.certificate()).signed_by == given
    delegated = world.verify(world.certificate(delegation=world.delegation()))
    assert delegated.signed_by == f"subnet {world.subnet.subnet_id}, to which {given} delegates"
    assert world.verify(b"").signed_by == ""
    assert world.verify(b"").time_ns is None


def test_the_wanted_subnet(world):
    data = world.certificate(delegation=world.delegation())
    key = world.root.public_key_der

    def holds(data, subnet, canister=None):
        return (
            verify_certificate(data, root_key=key, canister=canister, subnet=subnet).certificate is not None
        )

    assert holds(data, world.subnet.subnet_id)
    assert holds(data, world.subnet.subnet_id, GOVERNANCE)
    assert not holds(data, OTHER.subnet_id)
    assert not holds(data, OTHER.subnet_id, GOVERNANCE)
    assert not holds(data, world.subnet.subnet_id, Principal(b"\xff"))
    assert holds(world.certificate(), world.root.subnet_id)
    assert not holds(world.certificate(), world.subnet.subnet_id)


def test_a_time_in_the_future_is_a_warning(world):
    data = world.certificate()
    for ahead, outcome in ((0, "pass"), (300, "pass"), (301, "warn")):
        decision = world.verify(data, now_ns=world.now - ahead * 10**9).decisions[10]
        assert decision.outcome == outcome, ahead
    far = world.certificate({**world.state(), "time": uleb128((1 << 64) - 1)})
    assert world.verify(far).decisions[10].outcome == "warn"


def test_age_is_no_reason_to_refuse(world):
    years = 50 * 365 * 86_400 * 10**9
    assert world.verify(world.certificate(), now_ns=world.now + years).decisions[10].outcome == "pass"


@pytest.mark.parametrize(
    "key", [b"", bytes(133), KeyPair("x").public_key_der[:-1], KeyPair("x").public_key_der + b"\0"]
)
def test_a_bad_root_key_is_the_users_mistake(world, key):
    with pytest.raises(ParameterError):
        world.verify(world.certificate(), root_key=key)


def test_the_domain_separator_is_the_one_of_the_scheme():
    assert DST == b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
    assert cbor.SELF_DESCRIBED_TAG == b"\xd9\xd9\xf7"
