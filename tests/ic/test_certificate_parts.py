"""The parts of a certificate, each read by itself: what is refused, in which words, and what the last good value is."""

from __future__ import annotations

import cbor2
import pytest
from ic.world import ROOT, SUBNET

from auditkit.errors import EvidenceError
from auditkit.ic import Principal
from auditkit.ic.certificate import (
    Certificate,
    Delegation,
    canister_ranges,
    read_certificate,
    read_form,
    subnet_key,
    time_of,
)
from auditkit.ic.hash_tree import Empty, Fork, HashTree, Labeled, Leaf, Pruned
from auditkit.practice.nns.certify import build_tree, encode_ranges

ID = SUBNET.subnet_id
LOW, HIGH = Principal(b"\x01"), Principal(b"\x05")
HIDDEN = Pruned(bytes(32))


def refusal(function, *arguments) -> EvidenceError:
    with pytest.raises(EvidenceError) as caught:
        function(*arguments)
    return caught.value


def form(**changes) -> bytes:
    fields = {"tree": [0], "signature": b"", **changes}
    return cbor2.dumps({name: value for name, value in fields.items() if value is not ...})


def delegated(certificate: bytes, levels: int = 1) -> bytes:
    for _ in range(levels):
        certificate = form(delegation={"subnet_id": b"a", "certificate": certificate})
    return certificate


FIELDS = "signature, tree and perhaps delegation"
WRONG_FIELDS = "the certificate has the wrong fields"
FORMS = {
    "a list": (b"\x80", "not a certificate (expected a map, found list)"),
    "no tree": (form(tree=...), f"{WRONG_FIELDS} (expected {FIELDS}, found signature)"),
    "another field": (form(x=1), f"{WRONG_FIELDS} (expected {FIELDS}, found signature, tree, x)"),
    "signature is text": (form(signature="x"), "the signature of the certificate is not a byte string"),
    "delegation is a list": (form(delegation=[]), "the delegation is not a map"),
    "delegation without subnet": (
        form(delegation={"certificate": b""}),
        "the delegation has the wrong fields (expected certificate, subnet_id, found certificate)",
    ),
    "delegation with a third field": (
        form(delegation={"certificate": b"", "subnet_id": b"", "x": 1}),
        "the delegation has the wrong fields (expected certificate, subnet_id, found certificate, subnet_id, x)",
    ),
    "subnet is text": (
        form(delegation={"certificate": b"", "subnet_id": "a"}),
        "a field of the delegation is not a byte string",
    ),
    "certificate of the delegation is text": (
        form(delegation={"certificate": "", "subnet_id": b"a"}),
        "a field of the delegation is not a byte string",
    ),
    "no certificate in the delegation": (
        delegated(b"\x80"),
        "certificate of the delegation: not a certificate (expected a map, found list)",
    ),
    "subnet is too long": (
        form(delegation={"certificate": form(), "subnet_id": bytes(30)}),
        "a principal is too long (expected at most 29 bytes, found 30 bytes)",
    ),
    "delegations in delegations": (
        delegated(form(), 3),
        "certificate of the delegation: delegations are nested in delegations without end",
    ),
}


@pytest.mark.parametrize(("data", "told"), FORMS.values(), ids=FORMS.keys())
def test_other_forms_are_refused(data, told):
    assert str(refusal(read_form, data)) == told


def test_two_levels_are_read_so_that_the_second_can_be_told():
    read = read_form(delegated(form(signature=b"x"), 2))
    assert read.delegation.certificate.delegation.certificate.signature == b"x"
    assert read.delegation.subnet == Principal(b"a")


def delegation(tree: HashTree | dict) -> Delegation:
    tree = build_tree(tree) if isinstance(tree, dict) else tree
    return Delegation(ID, Certificate(tree, b"", None))


def flat(value):
    return {"subnet": {ID.raw: {"canister_ranges": value}}}


def sharded(value):
    return {"canister_ranges": {ID.raw: value}}


def shards_of(tree: HashTree) -> Labeled:
    return Labeled(b"canister_ranges", Labeled(ID.raw, tree))


NOT_A_PAIR = "a canister range is not a pair of a first and a last principal"
EMPTY = "the canister ranges of the subnet are empty or pruned"
PRUNED = "the canister ranges of the subnet are pruned from the delegation"
NOTHING = "the delegation holds no canister ranges for the subnet"
GOOD = encode_ranges([(LOW, HIGH)])

RANGES = {
    "nothing": (Empty(), NOTHING),
    "of another subnet": ({"subnet": {b"x": {"canister_ranges": GOOD}}}, NOTHING),
    "flat, a tree": (flat({"x": GOOD}), NOTHING),
    "flat, pruned": (Labeled(b"subnet", HIDDEN), PRUNED),
    "sharded, pruned": (Labeled(b"canister_ranges", HIDDEN), PRUNED),
    "one value for all shards": (sharded(GOOD), "the sharded canister ranges are a single value"),
    "a shard is a tree": (sharded({"a": {"b": GOOD}}), "a shard of the canister ranges is not a value"),
    "a shard is empty": (sharded({"a": {}}), "a shard of the canister ranges is not a value"),
    "every shard is pruned": (shards_of(Fork(Labeled(b"a", HIDDEN), Labeled(b"b", HIDDEN))), EMPTY),
    "no range": (flat(encode_ranges([])), EMPTY),
    "not a list": (flat(cbor2.dumps({"a": 1})), "the canister ranges are not a list"),
    "one principal": (flat(cbor2.dumps([[b"a"]])), NOT_A_PAIR),
    "three principals": (flat(cbor2.dumps([[b"a", b"b", b"c"]])), NOT_A_PAIR),
    "a text": (flat(cbor2.dumps([[b"a", "b"]])), NOT_A_PAIR),
    "turned around": (flat(cbor2.dumps([[b"b", b"a"]])), NOT_A_PAIR),
    "no CBOR": (flat(b"\xff"), "CBOR byte 0: a simple value or a float, which has no place here"),
}


@pytest.mark.parametrize(("tree", "told"), RANGES.values(), ids=RANGES.keys())
def test_other_ranges_are_refused(tree, told):
    assert str(refusal(canister_ranges, delegation(tree))) == told


def told(tree) -> list[str]:
    return [str(one) for one in canister_ranges(delegation(tree))]


def test_ranges_of_both_forms():
    one = encode_ranges([(LOW, LOW)])
    assert told(flat(GOOD)) == [f"{LOW} to {HIGH}"]
    assert told(sharded({"a": GOOD, "b": one})) == [f"{LOW} to {HIGH}", f"{LOW} to {LOW}"]
    assert told({**flat(GOOD), **sharded({"a": one})}) == [f"{LOW} to {LOW}"]
    pruned = Fork(Labeled(b"a", HIDDEN), Labeled(b"b", Leaf(one)))
    assert told(shards_of(pruned)) == [f"{LOW} to {LOW}"]


@pytest.mark.parametrize(
    ("canister", "inside"),
    [(b"\x00", False), (b"\x00\xff", False), (b"\x01", True), (b"\x05", True), (b"\x05\x00", False)],
)
def test_both_ends_of_a_range_are_inside(canister, inside):
    (held,) = canister_ranges(delegation(flat(GOOD)))
    assert (Principal(canister) in held) is inside


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        (Empty(), "absent"),
        (Labeled(b"subnet", HIDDEN), "unknown"),
        ({"subnet": {ID.raw: {"public_key": {"x": b"y"}}}}, "error"),
    ],
)
def test_a_subnet_without_a_key_is_told(tree, found):
    error = refusal(subnet_key, delegation(tree))
    assert (error.what, error.observed) == (f"the delegation names no key for subnet {ID}", found)


def test_the_key_of_a_subnet():
    tree = {"subnet": {ID.raw: {"public_key": b"key"}, b"x": {"public_key": b"another"}}}
    assert subnet_key(delegation(tree)) == b"key"
    assert ROOT.subnet_id != ID


@pytest.mark.parametrize(
    ("encoded", "time"),
    [("00", 0), ("01", 1), ("7f", 127), ("8001", 128), ("ff7f", 16383), ("ffffffffffffffffff01", 2**64 - 1)],
)
def test_times(encoded, time):
    assert time_of(Labeled(b"time", Leaf(bytes.fromhex(encoded)))) == time


TIMES = {
    "empty": ("", "the time is not one LEB128 number", ""),
    "unfinished": ("80", "the time is not one LEB128 number", "80"),
    "two numbers": ("0101", "the time is not one LEB128 number", "0101"),
    "11 bytes": ("80" * 10 + "01", "the time is not one LEB128 number", "80" * 10 + "01"),
    "20 bytes, cut": ("80" * 20, "the time is not one LEB128 number", "80" * 16),
    "a zero behind it": ("8100", "the time takes more bytes than it needs", "8100"),
    "65 bits": ("ffffffffffffffffff03", "the time does not fit 64 bits", "ffffffffffffffffff03"),
    "the first beyond 64 bits": (
        "80808080808080808002",
        "the time does not fit 64 bits",
        "80808080808080808002",
    ),
}


@pytest.mark.parametrize(("encoded", "what", "observed"), TIMES.values(), ids=TIMES.keys())
def test_other_times_are_refused(encoded, what, observed):
    error = refusal(time_of, Labeled(b"time", Leaf(bytes.fromhex(encoded))))
    assert (error.what, error.observed) == (what, observed)


@pytest.mark.parametrize(
    ("tree", "found"),
    [(Empty(), "absent"), (HIDDEN, "unknown"), (Labeled(b"time", Labeled(b"x", Leaf(b""))), "error")],
)
def test_no_time_is_told(tree, found):
    error = refusal(time_of, tree)
    assert (error.what, error.observed) == ("the certificate holds no time", found)


def test_a_certificate_is_read_as_it_is_whoever_signed_it():
    inner = form(tree=[3, b"inner"], signature=b"\2")
    outer = form(tree=[3, b"outer"], signature=b"\1", delegation={"subnet_id": b"a", "certificate": inner})
    delegation = Delegation(Principal(b"a"), Certificate(Leaf(b"inner"), b"\2", None))
    assert read_certificate(outer) == Certificate(Leaf(b"outer"), b"\1", delegation)
    assert read_certificate(inner) == Certificate(Leaf(b"inner"), b"\2", None)
    assert refusal(read_certificate, form(tree=[9])).what
    assert refusal(read_certificate, b"").what
