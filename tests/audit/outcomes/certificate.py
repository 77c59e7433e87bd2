"""Checks 1 to 11: certificates of a practice NNS, each with one rule broken, and signed where it can be."""

from __future__ import annotations

from importlib.metadata import version
from unittest.mock import patch

import cbor2
from audit.outcomes.case import Case, fails, passes, skips, warns
from ic.world import NOW, World

from auditkit import checks
from auditkit.decision import Qualification
from auditkit.ic import GOVERNANCE, Principal, bls, verify_certificate
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.hash_tree import Labeled, Leaf, encode, root_hash
from auditkit.practice.nns.certify import build_tree, delegation_state, encode_ranges
from auditkit.practice.nns.keys import KeyPair

W = World()
OTHER = KeyPair("tests: other subnet")
LOW, HIGH = Principal(bytes(10)), Principal(bytes.fromhex("00000000000000ff0101"))
ELSEWHERE = tuple(
    (Principal(bytes.fromhex(f"00000000{number:02x}0000000101")),) * 2 for number in range(1, 6)
)
SUBNET, ROOT_SUBNET, OTHER_SUBNET = (str(key.subnet_id) for key in (W.subnet, W.root, OTHER))
NAMES = [f"{name} {version(name)}" for name in ("pyblst", "py-arkworks-bls12381")]
BOTH_SAY_YES = f"valid ({NAMES[0]}); valid ({NAMES[1]})"
BOTH_SAY_NO = f"invalid ({NAMES[0]}); invalid ({NAMES[1]})"
ONE, TWO = ("first", "1.0", lambda *_: True), ("second", "2.0", lambda *_: False)

DELEGATED = W.certificate(delegation=W.delegation())
DIRECT = W.certificate()


def verified(data: bytes, *, canister=GOVERNANCE, subnet=None, now_ns=NOW, libraries=None):
    """The decisions about a certificate; ``libraries`` are asked in place of those installed."""

    def make():
        with patch.object(bls, "_libraries", (lambda: libraries) if libraries else bls._libraries):
            return verify_certificate(
                data, root_key=W.root.public_key_der, canister=canister, subnet=subnet, now_ns=now_ns
            ).decisions

    return make


def raw(**changes) -> bytes:
    """A certificate without delegation whose fields were changed after it was signed."""
    tree = build_tree(W.state())
    signature = W.root.sign(b"\x0dic-state-root" + root_hash(tree))
    return cbor2.dumps({"tree": encode(tree), "signature": signature, **changes})


def delegated(change=None, *, form="sharded") -> bytes:
    """A certificate by a delegation whose signed state was changed by ``change(state, subnet id)``."""
    state = delegation_state(W.subnet, W.ranges(), time_ns=NOW, form=form)
    if change is not None:
        change(state, W.subnet.subnet_id.raw)
    return W.certificate(delegation=W.delegation_from(build_tree(state)))


def with_flat_ranges(*ranges) -> bytes:
    def change(state, identifier):
        state["subnet"][identifier]["canister_ranges"] = encode_ranges(ranges)

    return delegated(change, form="flat")


def with_subnet_key(key: bytes | None) -> bytes:
    def change(state, identifier):
        if key is None:
            del state["subnet"][identifier]["public_key"]
        else:
            state["subnet"][identifier]["public_key"] = key

    return delegated(change)


def nested() -> bytes:
    tree = build_tree(delegation_state(W.subnet, W.ranges(), time_ns=NOW))
    return W.certificate(delegation=W.delegation_from(tree, nested=W.delegation()))


def log_of(*decisions):
    """A log that the given decisions were noted in, asked about checks 1 and 2."""
    log = DecisionLog()
    log.add(*decisions)
    return lambda: log.in_order((checks.CERTIFICATE_FORM, checks.CERTIFICATE_NODES))


FORM, NODES, TREE = checks.CERTIFICATE_FORM, checks.CERTIFICATE_NODES, checks.CERTIFICATE_TREE
ROOT_HASH, KEYS, TIME = checks.CERTIFICATE_ROOT_HASH, checks.CERTIFICATE_KEYS, checks.CERTIFICATE_TIME
DEPTH, RANGES, SUBNET_KEY = (
    checks.DELEGATION_DEPTH,
    checks.DELEGATION_RANGES,
    checks.DELEGATION_SUBNET_KEY,
)

FORMS = (
    passes(
        FORM,
        "tree and signature",
        verified(DIRECT),
        f"{len(DIRECT)} bytes: tree and signature",
        "The file is a certificate and nothing more.",
    ),
    passes(
        FORM,
        "with a delegation",
        verified(DELEGATED),
        f"{len(DELEGATED)} bytes: tree and signature and delegation",
        "The file is a certificate and nothing more.",
    ),
    fails(
        FORM,
        "a field more",
        verified(raw(extra=0)),
        "the certificate has the wrong fields (expected signature, tree and perhaps delegation, found extra, "
        "signature, tree)",
        "The file is not a certificate in the strict form.",
    ),
    passes(
        NODES, "five shapes", verified(DIRECT), "all nodes", "Every node has one of the five exact shapes."
    ),
    fails(
        NODES,
        "a node of kind 5",
        verified(raw(tree=[5, b"x"])),
        "a node of the hash tree has no known shape (expected something else, found [5, bytes])",
        "A part of the tree is not a node of a hash tree.",
    ),
    passes(TREE, "in order", verified(DIRECT), "labels increase", "Every path leads to one place at most."),
    fails(
        TREE,
        "a label twice",
        verified(raw(tree=[1, encode(Labeled(b"x", Leaf(b""))), encode(Labeled(b"x", Leaf(b"")))])),
        "a label stands twice in the hash tree (expected something else, found x)",
        "Two readers of this tree could see different things.",
    ),
    fails(
        TREE,
        "labels out of order in the delegation",
        verified(
            W.certificate(
                delegation={
                    "subnet_id": W.subnet.subnet_id.raw,
                    "certificate": raw(
                        tree=[1, encode(Labeled(b"b", Leaf(b""))), encode(Labeled(b"a", Leaf(b"")))]
                    ),
                }
            )
        ),
        "a label stands out of order in the hash tree (expected something else, found a)",
        "Two readers of this tree could see different things.",
    ),
    passes(
        ROOT_HASH,
        "an empty tree",
        verified(raw(tree=[0])),
        # SHA-256 of the length and the text of "ic-hashtree-empty": IC interface specification, "Certificate"
        "4e3ed35c4e2d1ee89996483fb6260a64cffb6c47dbab216e7930e82f8190d120",
        "The root hash was computed from the whole tree.",
    ),
)


def signatures(check, statement: str, data: bytes, forged: bytes) -> tuple[Case, ...]:
    """The outcomes of a check of a signature."""
    return (
        passes(
            check,
            "right",
            verified(data),
            BOTH_SAY_YES,
            f"Two independent libraries agree that {statement}.",
        ),
        fails(check, "by another key", verified(forged), BOTH_SAY_NO, f"It is not true that {statement}."),
        fails(
            check,
            "the libraries disagree",
            verified(data, libraries=(ONE, TWO)),
            "valid (first 1.0); invalid (second 2.0)",
            "The two libraries disagree, so neither is believed.",
        ),
        warns(
            check,
            "there is one library",
            verified(data, libraries=(ONE,)),
            "valid (first 1.0); one opinion only",
            f"Only one library could be asked; it says that {statement}.",
            Qualification.ONE_OPINION,
        ),
        fails(
            check,
            "there is one library, and it refuses",
            verified(data, libraries=(TWO,)),
            "invalid (second 2.0); one opinion only",
            f"It is not true that {statement}.",
        ),
    )


NO_DELEGATION = "there is no delegation: the root key itself must have signed"
SIGNERS = (
    *signatures(
        checks.CERTIFICATE_SIGNATURE, "the root key signed this tree", DIRECT, W.certificate(signer=OTHER)
    ),
    fails(
        checks.CERTIFICATE_SIGNATURE,
        "is no point",
        verified(raw(signature=bytes(48))),
        "not a point that can be a signature or key",
        "It is not true that the root key signed this tree.",
    ),
    fails(
        checks.CERTIFICATE_SIGNATURE,
        "by the root key in the name of the subnet",
        verified(W.certificate(delegation=W.delegation(), signer=W.root)),
        BOTH_SAY_NO,
        "It is not true that the subnet's key signed this tree.",
    ),
    *signatures(
        checks.DELEGATION_SIGNATURE,
        "the root key signed the delegation",
        DELEGATED,
        W.certificate(delegation=W.delegation(root=OTHER)),
    ),
    *(
        skips(check, "there is no delegation", verified(DIRECT), NO_DELEGATION)
        for check in (DEPTH, checks.DELEGATION_SIGNATURE, RANGES, SUBNET_KEY)
    ),
    passes(KEYS, "there is one", verified(DIRECT), "the root key", "The root key has the form of an IC key."),
    passes(
        KEYS,
        "both",
        verified(DELEGATED),
        "root key and subnet key",
        "Both keys have the form of an IC key.",
    ),
    fails(
        KEYS,
        "a key without its DER",
        verified(with_subnet_key(W.subnet.public_key_der[37:])),
        "a public key has the wrong length (expected 133 bytes, found 96 bytes)",
        "The subnet's key is not encoded as a key of the IC.",
    ),
)

NOTHING_SAYS = "Nothing says that this subnet may speak for the canister."
NOT_ITS = "The canister is not one of this subnet's."
WANTED = f"ranges that hold {GOVERNANCE}"
DELEGATIONS = (
    passes(
        DEPTH,
        "one level",
        verified(DELEGATED),
        "one level",
        "The delegation's own certificate has no delegation.",
    ),
    fails(
        DEPTH,
        "two levels",
        verified(nested()),
        "a delegation inside the delegation",
        "Only the root key itself may delegate.",
    ),
    passes(
        RANGES,
        "the canister is in the second range",
        verified(with_flat_ranges(ELSEWHERE[0], (LOW, HIGH))),
        f"{LOW} to {HIGH}",
        "The NNS says that the canister is one of this subnet's.",
        expected=WANTED,
    ),
    passes(
        RANGES,
        "the wanted subnet, and no canister was named",
        verified(DELEGATED, canister=None, subnet=W.subnet.subnet_id),
        f"subnet {SUBNET}",
        "The wanted subnet signed; no canister was named.",
    ),
    skips(
        RANGES,
        "neither canister nor subnet was named",
        verified(DELEGATED, canister=None),
        f"No canister was named, so nobody can tell whether subnet {SUBNET}, which signed, may speak for the one that "
        "is meant.",
    ),
    fails(
        RANGES,
        "another subnet, which may speak for the canister",
        verified(DELEGATED, subnet=OTHER.subnet_id),
        f"subnet {SUBNET}",
        "A subnet other than the wanted one signed.",
        expected=f"subnet {OTHER_SUBNET}",
    ),
    fails(
        RANGES,
        "the root subnet instead of another",
        verified(DIRECT, subnet=OTHER.subnet_id),
        f"no delegation, so the signer is the root subnet {ROOT_SUBNET}",
        "A subnet other than the wanted one signed.",
        expected=f"subnet {OTHER_SUBNET}",
    ),
    fails(
        RANGES,
        "none",
        verified(delegated(lambda state, _: state.pop("canister_ranges"))),
        "the delegation holds no canister ranges for the subnet",
        NOTHING_SAYS,
        expected=WANTED,
    ),
    fails(
        RANGES,
        "four elsewhere",
        verified(with_flat_ranges(*ELSEWHERE[:4])),
        "; ".join(f"{first} to {last}" for first, last in ELSEWHERE[:4]),
        NOT_ITS,
        expected=WANTED,
    ),
    fails(
        RANGES,
        "five elsewhere, of which four are told",
        verified(with_flat_ranges(*ELSEWHERE)),
        "; ".join(f"{first} to {last}" for first, last in ELSEWHERE[:4]) + "; ...",
        NOT_ITS,
        expected=WANTED,
    ),
    passes(
        SUBNET_KEY,
        "there",
        verified(DELEGATED),
        f"subnet {SUBNET}",
        "The delegation holds the subnet's key.",
    ),
    fails(
        SUBNET_KEY,
        "none",
        verified(with_subnet_key(None)),
        f"the delegation names no key for subnet {SUBNET} (expected a value at /subnet/<id>/public_key, found absent)",
        "The NNS vouches for no key of this subnet.",
    ),
)

TIMES = (
    passes(
        TIME,
        "five minutes ahead of our clock",
        verified(DIRECT, now_ns=NOW - 300 * 10**9),
        "2026-05-28 20:26:40 UTC",
        "It was signed in the past; how long ago does not matter.",
    ),
    warns(
        TIME,
        "more than five minutes ahead of our clock",
        verified(DIRECT, now_ns=NOW - 300 * 10**9 - 1),
        "2026-05-28 20:26:40 UTC",
        "It was signed in the future: this computer's clock, or the signer's, is wrong.",
    ),
    fails(
        TIME,
        "none",
        verified(W.certificate({"request_status": W.state()["request_status"]})),
        "the certificate holds no time (expected something else, found absent)",
        "The certificate does not say when it was signed.",
    ),
)

LOGS = (
    skips(
        NODES,
        "an earlier one failed",
        log_of(FORM.failed("bad", "It is bad.")),
        "Not reached: certificate.form failed.",
    ),
    fails(
        NODES,
        "it was neither made nor did another fail",
        log_of(FORM.passed("good", "It is good.")),
        "no decision",
        "The check was neither made nor was there a reason to leave it out.",
    ),
)

CASES = (*FORMS, *SIGNERS, *DELEGATIONS, *TIMES, *LOGS)
