"""What is fuzzed of `auditkit.ic`: one function a reader of hostile bytes, which raises when it breaks its promise.

Every target takes any bytes. A reader may refuse them with EvidenceError; what it accepts has to keep the
promises that are written here as `hold` calls. Any other exception is a find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from unittest import mock

from auditkit.errors import EvidenceError
from auditkit.ic import bls, candid, cbor, governance, hash_tree, request, verify_certificate, verify_proposal
from auditkit.ic.candid import Opt, Primitive, Record, Typed, Variant, Vec
from auditkit.ic.certificate import Certificate, read_form
from auditkit.ic.hash_tree import Error, Fork, Found, HashTree, Labeled, Leaf, Pruned, Unknown
from auditkit.ic.principal import GOVERNANCE
from tests.fuzz.promises import hold

CORPUS = Path(__file__).parent / "corpus"
ROOT_KEY = bytes.fromhex((CORPUS / "root_key.hex").read_text())
REQUEST = (CORPUS / "request" / "get_proposal_info").read_bytes()
PROPOSAL_ID = 139000
NOW_NS = 1_780_000_000_000_000_000
LONGEST_WALK = 2_000


def fuzz_cbor(data: bytes) -> None:
    """A document has one spelling: encoding what was decoded gives the same bytes."""
    try:
        value = cbor.decode(data)
    except EvidenceError as error:
        place = error.where.removeprefix("CBOR byte ")
        hold(place.isdecimal() and int(place) <= len(data), "a refusal names the offset")
        return
    hold(cbor.encode(value, tagged=data.startswith(cbor.SELF_DESCRIBED_TAG)) == data, "one spelling")


def paths_of(tree: HashTree, above: tuple[bytes, ...] = ()) -> Iterator[tuple[tuple[bytes, ...], HashTree]]:
    for child in hash_tree.children(tree):
        path = (*above, child.label)
        yield path, child.subtree
        yield from paths_of(child.subtree, path)


def prune_at(tree: HashTree, path: tuple[bytes, ...]) -> HashTree:
    """The tree with what stands at ``path`` pruned away."""
    if not path:
        return Pruned(hash_tree.root_hash(tree))
    match tree:
        case Fork(left, right):
            return Fork(prune_at(left, path), prune_at(right, path))
        case Labeled(label, subtree) if label == path[0]:
            return Labeled(label, prune_at(subtree, path[1:]))
    return tree


def fuzz_tree(data: bytes) -> None:
    """Every path leads to one place; pruning changes neither the hash nor any other answer."""
    try:
        tree = hash_tree.parse(cbor.decode(data))
        hash_tree.check_well_formed(tree)
    except EvidenceError:
        return
    hold(cbor.encode(hash_tree.encode(tree), tagged=data.startswith(b"\xd9\xd9\xf7")) == data, "one spelling")
    places = [place for place, _ in zip(paths_of(tree), range(40), strict=False)]
    hold(len({path for path, _ in places}) == len(places), "paths are unique")
    for path, subtree in places:
        expected = Found(subtree.value) if isinstance(subtree, Leaf) else hash_tree.lookup(subtree, ())
        hold(hash_tree.lookup(tree, path) == expected, "a lookup finds what stands there")
    for path, _ in places[:4]:
        pruned = prune_at(tree, path)
        hold(hash_tree.root_hash(pruned) == hash_tree.root_hash(tree), "pruning keeps the hash")
        hash_tree.check_well_formed(pruned)
        for other, _ in places:
            allowed = (hash_tree.lookup(tree, other), Unknown(), Error())
            hold(hash_tree.lookup(pruned, other) in allowed, "pruning makes no lookup lie")
        hold(hash_tree.lookup(pruned, path) == Unknown(), "what is pruned is unknown")


def walk(value: Typed) -> None:
    """Reads everything in a decoded value by the readers of its type."""
    pending = [value]
    for _ in range(LONGEST_WALK):
        if not pending:
            return
        one = pending.pop()
        kind = Primitive(one.ref) if one.ref < 0 else one.table[one.ref]
        match kind:
            case Opt():
                inner = one.optional()
                pending += [] if inner is None else [inner]
            case Vec():
                pending += one.elements()[:100]
            case Record(fields):
                hold(isinstance(one.raw, tuple) and len(one.raw) == len(fields), "a record has its fields")
                one.field("id")
            case Variant(cases):
                identifier, inner = one.case()
                hold(identifier in {case for case, _ in cases}, "a case is one of its type")
                pending.append(inner)
            case Primitive.TEXT:
                one.text()
            case Primitive.NAT64:
                hold(0 <= one.number(Primitive.NAT64) < 1 << 64, "64 bits")


def fuzz_candid(data: bytes) -> None:
    """What is decoded can be read, and a proposal is read or refused."""
    try:
        for value in candid.decode(data):
            walk(value)
        governance.decode_proposal_info(data)
    except EvidenceError:
        return


def fuzz_request(data: bytes) -> None:
    """A stored request says the same when it is written again."""
    try:
        call = request.parse_request(data)
    except EvidenceError:
        return
    again = request.encode_envelope(call.content)
    hold(cbor.decode(again) == cbor.decode(data), "a request keeps its fields")
    hold(request.parse_request(again).request_id == call.request_id, "a request keeps its id")


def signed_hashes(certificate: Certificate) -> tuple[bytes, ...]:
    above = () if certificate.delegation is None else signed_hashes(certificate.delegation.certificate)
    return (hash_tree.root_hash(certificate.tree), *above)


@cache
def known_signatures() -> frozenset[bytes]:
    """The signatures that the corpus's signers really made; nobody knows another one."""
    signatures = set()
    for file in (CORPUS / "certificate").iterdir():
        try:
            form = read_form(file.read_bytes())
        except EvidenceError:
            continue
        signatures.add(form.signature)
        if form.delegation is not None:
            signatures.add(form.delegation.certificate.signature)
    return frozenset(signatures)


def fuzz_certificate(data: bytes) -> None:
    """Nobody who does not have the keys makes a certificate: what passes was signed by them."""
    verified = verify_certificate(data, root_key=ROOT_KEY, canister=GOVERNANCE, now_ns=NOW_NS)
    failed = any(decision.outcome == "fail" for decision in verified.decisions)
    hold([decision.number for decision in verified.decisions] == list(range(1, 12)), "eleven decisions")
    hold(failed == (verified.certificate is None), "a failure hands out nothing")
    if verified.certificate is not None:
        hold(verified.certificate.signature in known_signatures(), "no forgery")
        delegation = verified.certificate.delegation
        hold(delegation is None or delegation.certificate.signature in known_signatures(), "no forgery")


def believe(signature: bytes, message: bytes, public_key: bytes) -> bls.Opinions:
    return bls.Opinions((bls.Opinion("one", "1", True), bls.Opinion("two", "1", True)))


def fuzz_proposal(data: bytes) -> None:
    """Behind the signatures, all of which are believed here: no crash, no gap, no proposal after a failure."""
    with mock.patch.object(bls, "verify", believe):
        verified = verify_proposal(
            data,
            root_key=ROOT_KEY,
            proposal_id=PROPOSAL_ID,
            stage="recover",
            request=REQUEST,
            now_ns=NOW_NS,
        )
    outcomes = {decision.number: decision.outcome for decision in verified.decisions}
    hold(list(outcomes) == list(range(1, 15)), "fourteen decisions")
    failed = {number for number, outcome in outcomes.items() if outcome == "fail"}
    hold(not failed - {14} or verified.proposal is None, "a failure hands out no proposal")
    if not failed:
        skipped = {number for number, outcome in outcomes.items() if outcome == "skip"}
        hold(skipped <= {7, 8, 9, 10}, "only a delegation that is not there is skipped")
        info = verified.proposal
        hold(info is not None and info.id == PROPOSAL_ID, "the wanted proposal")
        hold(verified.bless is not None and info.status_number == 4, "an executed blessing")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "cbor": fuzz_cbor,
    "tree": fuzz_tree,
    "candid": fuzz_candid,
    "request": fuzz_request,
    "certificate": fuzz_certificate,
    "proposal": fuzz_proposal,
}
