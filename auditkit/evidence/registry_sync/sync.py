"""Brings a synced registry up to date: the changes since the last version that is kept, answer after answer.

Every answer is verified before it is kept, whole and in one transaction with the index of what it changes: whatever
ends a sync, the next one goes on from the last answer that was kept. A host can hold answers back, and nothing else:
none that leaves a version out, none that is older than what the folder knows, none of another network is taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.agent import fetch_query
from auditkit.evidence.http import Backoff, Clock, check_url
from auditkit.evidence.registry_sync.batch import Batch, Row, read_batch
from auditkit.evidence.registry_sync.keeping import Keeping
from auditkit.evidence.registry_sync.standing import Standing, standing_of
from auditkit.evidence.registry_sync.store import STORE, writing
from auditkit.evidence.registry_value import fetch_chunk
from auditkit.ic import REGISTRY
from auditkit.ic.registry import GET_CERTIFIED_CHANGES_SINCE, OlderRegistryError, changes_since_argument
from auditkit.limits import LIMITS, Limits
from auditkit.progress import Progress, progress_here

_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did.

    Attributes:
        versions: how many versions of the registry are new.
        answers: how many answers were fetched and kept.
        size: bytes of these answers, and of the parts of large records.
        standing: of the folder as it is now.
    """

    versions: int
    answers: int
    size: int
    standing: Standing


def sync_registry(
    folder: Path,
    urls: Sequence[str],
    root_key: bytes,
    *,
    progress: Progress | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> Synced:
    """Asks for the versions of the registry that a folder does not hold yet. May be killed at any moment.

    Args:
        folder: made if it is not there.
        urls: hosts such as `MAINNET_URLS`; one after another is asked until an answer verifies.
        root_key: DER, 133 bytes; who must have signed.
        progress: told the versions and the bytes that are there; by default whoever watches this process.
        clock, backoff: for tests.
        limits: bounds on answers, and on what the folder holds.

    Raises:
        SourceError: no host answers, another process syncs to the same folder, it is another network's, it cannot be
            written to, or the hosts hand out the changes more slowly, or in more answers, than any real ones.
        EvidenceError: an answer does not verify (`OlderRegistryError`: it is older than what the folder knows), or the
            folder is damaged.
        ParameterError: there is no host, or no such key.
    """
    asking = _Asking(
        [check_url(url).rstrip("/") for url in urls], root_key, clock or Clock(), backoff or Backoff(), limits
    )
    if not asking.hosts:
        raise ParameterError("there is no host to ask")
    with writing(folder, root_key, limits=limits) as connection:
        run = _Run(connection, folder / STORE, asking, progress or progress_here())
        run.go()
        return Synced(run.versions, run.answers, run.size, standing_of(connection))


@dataclass(slots=True)
class _Asking:
    """How hosts are asked.

    Attributes:
        hosts: in the order in which they are asked; the one that answered last comes first.
    """

    hosts: list[str]
    root_key: bytes
    clock: Clock
    backoff: Backoff
    limits: Limits

    def prefer(self, host: str) -> None:
        """Asks a host that answered before others from now on."""
        self.hosts = [host, *(other for other in self.hosts if other != host)]


class _Run:
    """One sync, which counts what it does."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, asking: _Asking, progress: Progress
    ) -> None:
        self._path, self._asking, self._progress = path, asking, progress
        self._limits = asking.limits
        self._keeping = Keeping(connection)
        standing = standing_of(connection)
        self._last, self._newest = standing.version, standing.newest
        self.versions = self.answers = self.size = 0

    def go(self) -> None:
        """Asks until the newest version is there; errors are those of `sync_registry`."""
        self._progress.step("asking for the newest version of the registry")
        until = self._asking.clock.monotonic() + self._limits.registry_sync_seconds
        while True:
            if self._asking.clock.monotonic() > until:
                raise SourceError(
                    "the registry does not come within the time for one sync",
                    where=", ".join(self._asking.hosts),
                    hint="what came is kept: run this again, or ask another host",
                )
            if self.answers == self._limits.registry_answers:
                raise SourceError(
                    f"the changes of the registry come in more than {self.answers} answers",
                    where=", ".join(self._asking.hosts),
                    hint="what came is kept: run this again, or ask another host",
                )
            batch = self._fetch()
            for row in batch.rows:
                if row.parts is not None:
                    self._fetch_parts(row)
            self._require_room(len(batch.data))
            self._keeping.keep(batch)
            self.answers += 1
            self.versions += batch.last + 1 - batch.first
            self.size += len(batch.data)
            self._last, self._newest = batch.last, batch.newest
            self._tell()
            if self._last == self._newest:
                return

    def _fetch(self) -> Batch:
        """The next answer. One of an older registry may come from a node that lags behind, and is asked for again."""
        failures = 0
        while True:
            try:
                return fetch_query(
                    self._asking.hosts,
                    REGISTRY,
                    GET_CERTIFIED_CHANGES_SINCE,
                    changes_since_argument(self._last),
                    self._read,
                    on_taken=self._asking.prefer,
                    clock=self._asking.clock,
                    backoff=self._asking.backoff,
                    limits=self._limits,
                )
            except OlderRegistryError:
                failures += 1
                if failures == _ATTEMPTS:
                    raise
                self._asking.clock.sleep(
                    self._asking.backoff.seconds(failures, None, self._asking.clock.chance)
                )

    def _read(self, reply: bytes) -> Batch:
        batch = read_batch(reply, root_key=self._asking.root_key, since=self._last, limits=self._limits)
        if batch.newest < self._newest:
            raise OlderRegistryError(
                "the host serves an older registry than the one that is known here",
                expected=f"version {self._newest} or a newer one",
                observed=f"version {batch.newest}",
            )
        return batch

    def _fetch_parts(self, row: Row) -> None:
        """Fetches the parts of a large value that are not there yet, and keeps each at once: its digest names it.

        Raises:
            EvidenceError: together they are larger than any record.
        """
        total = 0
        for digest in row.part_digests:
            size = self._keeping.size_of_chunk(digest)
            if size is None:
                chunk = fetch_chunk(
                    self._asking.hosts,
                    digest,
                    clock=self._asking.clock,
                    backoff=self._asking.backoff,
                    limits=self._limits,
                )
                size = len(chunk)
                self._require_room(size)
                self._keeping.keep_chunk(digest, chunk)
                self.size += size
                self._tell()
            total += size
            if total > self._limits.registry_value_bytes:
                raise EvidenceError(
                    "a record is larger than any real one",
                    where=f"version {row.version} of the registry",
                    expected=f"at most {self._limits.registry_value_bytes} bytes",
                    observed=f"{total} bytes or more",
                )

    def _require_room(self, size: int) -> None:
        if self._path.stat().st_size + size > self._limits.registry_store_bytes:
            raise EvidenceError(
                "the registry is larger than any real one",
                where=str(self._path),
                expected=f"at most {self._limits.registry_store_bytes} bytes",
                observed="more",
            )

    def _tell(self) -> None:
        self._progress.bytes_done(f"registry: version {self._last:,} of {self._newest:,}", self.size, None)
