"""What cannot be in a word about a synced registry, of which nobody signed the whole: a record of it may be made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.principal import Principal
from auditkit.ic.registry.chips import ChipsInRegistry
from auditkit.ic.verification import FUTURE_TOLERANCE_NS

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def require_possible(told: ChipsInRegistry, *, now_ns: int) -> None:
    """Makes sure that what a synced registry is said to tell does not contradict itself, nor the calendar.

    Args:
        now_ns: as of when the audit judges, nanoseconds since 1970; some minutes later are put down to clocks.

    Raises:
        EvidenceError: it does.
    """
    for fault in _faults(told, now_ns):
        raise EvidenceError(f"what the registry is said to tell cannot be: {fault}", where="chips")


def _faults(told: ChipsInRegistry, now_ns: int) -> Iterator[str]:
    yield from _of_time(told, now_ns)
    yield from _of_versions(told)
    yield from _of_nodes(told)
    for batch in told.batches:
        if not 0 < batch.first <= batch.last <= told.version:
            yield f"an answer holds the versions {batch.first:,} to {batch.last:,}, of {told.version:,}"
        if not _SHA256.fullmatch(batch.sha256):
            yield "the digest of an answer does not have 64 hex digits"
    for name in _principals(told):
        try:
            Principal.from_text(name)
        except ParameterError as error:
            yield error.what


def _of_time(told: ChipsInRegistry, now_ns: int) -> Iterator[str]:
    as_of = _seconds(told.as_of)
    if as_of is None:
        yield "it is as of no time"
        return
    if as_of * 10**9 > now_ns + FUTURE_TOLERANCE_NS:
        yield f"it is as of {told.as_of}, after the audit began; a registry that was synced since needs another audit"
    times = [node.since_time for one in told.chips for node in one.nodes]
    times += [node.until_time for one in told.chips for node in one.former]
    for time in times:
        seconds = _seconds(time)
        if time is not None and seconds is None:
            yield "a version was made at no time"
        elif seconds is not None and seconds > as_of:
            yield f"it is as of {told.as_of}, and tells of a version that was made at {time}"


def _of_nodes(told: ChipsInRegistry) -> Iterator[str]:
    having = {node.node: one.chip for one in told.chips for node in one.nodes}
    if told.without_chip + len(having) > told.nodes:
        yield f"{told.without_chip:,} of {told.nodes:,} nodes have no chip id, and {len(having):,} have one"
    if sum(len(one.nodes) for one in told.chips) != len(having):
        yield "a node is told twice"
    if having and not told.batches:
        yield "the records of nodes stand in no answer"
    claimed = told.claimed
    if claimed is None or told.unreadable:  # which may be the claimed node's, where it comes in parts
        return
    chip = claimed.chip if claimed.registered else None
    asked = chip is not None and any(one.chip == chip for one in told.chips)
    if having.get(claimed.node) != (chip if asked else None):
        yield "it gives the node that was claimed two different chips"


def _of_versions(told: ChipsInRegistry) -> Iterator[str]:
    for one in told.chips:
        for node in one.nodes:
            if node.since > told.version:
                yield f"a node has a chip since version {node.since:,}, of {told.version:,}"
        for former in one.former:
            if not former.since <= former.until <= told.version:
                yield f"a node had a chip from version {former.since:,} to {former.until:,}, of {told.version:,}"
            if any(node.node == former.node and node.since < former.until for node in one.nodes):
                yield "a node has a chip since before it had it no more"
    claimed = told.claimed
    if claimed is None:
        return
    if claimed.removed_at is not None and (claimed.registered or claimed.removed_at > told.version):
        yield f"a node was removed by version {claimed.removed_at:,}, of {told.version:,}"
    if claimed.chip is not None and not claimed.registered and claimed.removed_at is None:
        yield "a node that never was has a chip"


def _principals(told: ChipsInRegistry) -> Iterator[str]:
    for one in told.chips:
        for node in one.nodes:
            named = (node.node, node.operator, node.provider, node.subnet)
            yield from (name for name in named if name is not None)
        yield from (former.node for former in one.former)
    if told.claimed is not None:
        yield told.claimed.node


def _seconds(moment: str | None) -> int | None:
    """Seconds since 1970; None without a time, and for one that no calendar has."""
    if moment is None:
        return None
    try:
        return int(datetime.fromisoformat(moment).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        return None
