"""Questions to a practice registry; answers are read by Google's `protobuf`, and by the rules of dfinity's clients."""

from __future__ import annotations

import hashlib
import time

import cbor2
import requests
from practice.messages import message, parse

from auditkit import practice
from auditkit.evidence.agent import fetch_certified_call
from auditkit.ic import Principal, verify_certificate

REGISTRY = Principal.from_text("rwlgt-iiaaa-aaaaa-aaaaa-cai")
CBOR = {"Content-Type": "application/cbor"}


def place(network, name: str) -> str:
    return f"{network.url}/scenario/{name}"


def question(key: bytes, version: int | None = None) -> bytes:
    asked = message("GetValueRequest", key=key)
    if version is not None:
        asked.version.value = version
    return asked.SerializeToString()


def certified(url: str, argument: bytes, method: str = "get_value"):
    """The reply to a certified call, read by Google's protobuf."""
    call = fetch_certified_call([url], REGISTRY, method, argument)
    verified = verify_certificate(call.certificate, root_key=practice.ROOT_KEY, canister=REGISTRY)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []
    certificate = cbor2.loads(call.certificate)
    assert "delegation" not in certificate  # the NNS answers itself
    return parse("GetValueResponse", leaf_called(certificate["tree"], b"reply"))


def leaf_called(tree: list, label: bytes) -> bytes:
    """The value under the only label of this name anywhere in a tree."""
    (found,) = (subtree[1] for name, subtree in labels(tree) if name == label and subtree[0] == 3)
    return found


def labels(tree: list):
    match tree:
        case [1, left, right]:
            yield from labels(left)
            yield from labels(right)
        case [2, label, subtree]:
            yield label, subtree
            yield from labels(subtree)


def ask(session, url: str, method: str, argument: bytes, **changes: object) -> requests.Response:
    content = {
        "request_type": "query",
        "canister_id": REGISTRY.raw,
        "method_name": method,
        "arg": argument,
        "sender": b"\x04",
        "ingress_expiry": time.time_ns() + 180 * 10**9,
    } | changes
    address = f"{url}/api/{content.pop('interface', 'v3')}/canister/{REGISTRY}/query"
    return session.post(address, data=cbor2.dumps({"content": content}), headers=CBOR)


def queried(session, url: str, method: str, argument: bytes) -> bytes:
    answer = ask(session, url, method, argument)
    assert answer.status_code == 200, answer.text
    body = cbor2.loads(answer.content)
    assert body["status"] == "replied", body
    return body["reply"]["arg"]


# the certified history: the rules of dfinity's clients, written anew


def root_hash(tree) -> bytes:
    """The hash of a MixedHashTree, by the text of the interface specification."""

    def digest(separator: bytes, *parts: bytes) -> bytes:
        return hashlib.sha256(bytes([len(separator)]) + separator + b"".join(parts)).digest()

    match tree.WhichOneof("t"):
        case "empty":
            return digest(b"ic-hashtree-empty")
        case "fork":
            parts = root_hash(tree.fork.left_tree), root_hash(tree.fork.right_tree)
            return digest(b"ic-hashtree-fork", *parts)
        case "labeled":
            return digest(b"ic-hashtree-labeled", tree.labeled.label, root_hash(tree.labeled.subtree))
        case "leaf_data":
            return digest(b"ic-hashtree-leaf", tree.leaf_data)
        case "pruned_digest":
            return tree.pruned_digest
    raise AssertionError("a node of no kind")


def leaves(tree, path: tuple[bytes, ...] = ()):
    match tree.WhichOneof("t"):
        case "fork":
            yield from leaves(tree.fork.left_tree, path)
            yield from leaves(tree.fork.right_tree, path)
        case "labeled":
            yield from leaves(tree.labeled.subtree, (*path, tree.labeled.label))
        case "leaf_data":
            yield path, tree.leaf_data


def leb128(data: bytes) -> int:
    assert data[-1] < 0x80
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data))


def read_changes(reply: bytes) -> tuple[int, dict[int, object]]:
    """The current version and the changes by version in a certified answer that keeps the rules."""
    response = parse("CertifiedResponse", reply)
    verified = verify_certificate(response.certificate, root_key=practice.ROOT_KEY, canister=REGISTRY)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []
    certificate = cbor2.loads(response.certificate)
    assert leaf_called(certificate["tree"], b"certified_data") == root_hash(response.hash_tree)
    assert (b"canister", REGISTRY.raw, b"certified_data") in set(paths_of(certificate["tree"]))
    found = dict(leaves(response.hash_tree))
    current = leb128(found.pop((b"current_version",)))
    assert all(len(path) == 2 and path[0] == b"delta" and len(path[1]) == 8 for path in found)
    return current, {
        int.from_bytes(label, "big"): parse("AtomicMutateRequest", leaf) for (_, label), leaf in found.items()
    }


def paths_of(tree: list, path: tuple[bytes, ...] = ()):
    match tree:
        case [1, left, right]:
            yield from paths_of(left, path)
            yield from paths_of(right, path)
        case [2, label, subtree]:
            yield from paths_of(subtree, (*path, label))
        case [3, _]:
            yield path


def since(version: int) -> bytes:
    return message("GetChangesSinceRequest", version=version).SerializeToString()


def changes(url: str, version: int):
    """The current version of a registry, and the changes after ``version``."""
    with requests.Session() as session:
        session.trust_env = False
        return read_changes(queried(session, url, "get_certified_changes_since", since(version)))
