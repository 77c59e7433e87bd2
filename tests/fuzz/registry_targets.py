"""What is fuzzed of the registry and of elections. The rules for targets are those of `targets`."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import bls, decode_election, hash_tree
from auditkit.ic.candid import MAGIC
from auditkit.ic.leb128 import unsigned
from auditkit.ic.registry import (
    WireType,
    decode_reply,
    get_value_argument,
    read_get_value_argument,
    read_message,
    read_mixed_tree,
    read_replica_version,
    verify_certified_delta,
)
from auditkit.limits import LIMITS
from tests.fuzz.promises import hold
from tests.fuzz.targets import NOW_NS, ROOT_KEY, believe

# The practice network's release "base", under whose key every record of the corpus is.
KEY = "replica_version_7080d886303d2130a8a1a64878ea85e447241952"
SINCE = 2_019


def fuzz_protobuf(data: bytes) -> None:
    """A message has one spelling: writing what was read gives the same bytes; and a question keeps its meaning."""
    try:
        message = read_message(data, "it")
    except EvidenceError as error:
        place = error.where.removeprefix("byte ").removesuffix(" of it")
        hold(error.where == "" or 0 <= int(place) <= len(data), "a refusal names the byte")
        return
    written = bytearray()
    for number, wire_type, value in message.fields:
        written += unsigned(number << 3 | wire_type)
        if isinstance(value, memoryview):
            written += unsigned(len(value)) + value
        elif wire_type is WireType.VARINT:
            written += unsigned(value)
        else:
            written += value.to_bytes(8 if wire_type is WireType.FIXED64 else 4, "little")
    hold(bytes(written) == data, "one spelling")
    try:
        key, version = read_get_value_argument(data)
    except EvidenceError:
        return
    try:
        hold(read_get_value_argument(get_value_argument(key, version)) == (key, version), "one question")
    except ParameterError:
        hold(len(key.encode()) > LIMITS.registry_key_bytes, "what was asked can be asked")


def fuzz_reply(data: bytes) -> None:
    """A reply says one thing: a record, parts of one, or an error."""
    try:
        reply = decode_reply(data)
    except EvidenceError:
        return
    said = (reply.value, reply.chunk_digests, reply.error_code)
    hold(sum(part is not None for part in said) == 1, "one thing is said")
    hold(0 <= reply.version < 1 << 64 and reply.timestamp_ns != 0, "numbers of 64 bits")
    hold(all(len(digest) == 32 for digest in reply.chunk_digests or ()), "digests are digests")
    hold(len(reply.chunk_digests or ()) <= LIMITS.registry_chunks, "few parts")


def fuzz_record(data: bytes) -> None:
    """A record has measurements of 48 bytes, and the name of its key or none."""
    try:
        record = read_replica_version(data, KEY)
    except EvidenceError:
        return
    hold(
        all(len(one.measurement) == 48 for one in record.measurements or ()), "measurements are measurements"
    )
    hold(record.replica_version_id in (None, KEY.removeprefix("replica_version_")), "no other version")
    hold(len(set(record.unknown)) == len(record.unknown), "each unknown field once")


def fuzz_delta(data: bytes) -> None:
    """Behind the signatures, which are believed here: no gap, and no change that the certificate does not hold."""
    try:
        tree = read_mixed_tree(data)
        hash_tree.check_well_formed(tree)
        hash_tree.root_hash(tree)
    except EvidenceError:
        pass
    with mock.patch.object(bls, "verify", believe):
        try:
            delta = verify_certified_delta(data, root_key=ROOT_KEY, since=SINCE, now_ns=NOW_NS)
        except EvidenceError:
            return
    versions = [change.version for change in delta.changes]
    hold(versions == list(range(SINCE + 1, SINCE + 1 + len(versions))), "no gap")
    hold(versions[-1:] <= [delta.version] and bool(versions) == (delta.version > SINCE), "up to the newest")
    written = read_message(data, "it").view(1)
    hold(written is not None, "there is a tree")
    digest = hash_tree.root_hash(read_mixed_tree(written or b""))
    hold(digest in data, "the certificate names the tree")


def fuzz_election(data: bytes) -> None:
    """A payload is Candid that is read whole, or refused."""
    try:
        election = decode_election(data)
    except EvidenceError:
        return
    hold(data.startswith(MAGIC), "Candid")
    hold(all(url.encode() in data for url in election.urls), "addresses are those that stand there")
    hold(all(one.measurement in data for one in election.measurements or ()), "so are measurements")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "protobuf": fuzz_protobuf,
    "registry-reply": fuzz_reply,
    "registry-record": fuzz_record,
    "registry-delta": fuzz_delta,
    "election": fuzz_election,
}
