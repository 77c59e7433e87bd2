"""`auditkit registry show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import ExitStatus, json_option, root_key_option
from auditkit.cli.printing import complain, say
from auditkit.cli.registry.answers import guestos_facts, refuse_bare_version, say_guestos
from auditkit.cli.registry.folder import dir_option, registry
from auditkit.cli.registry.words import count, standing_in_words, time_in_words, when
from auditkit.errors import EvidenceError

if TYPE_CHECKING:
    from auditkit.evidence.registry_sync import Batch, KeptRecord, SyncedRegistry
    from auditkit.ic.registry import ReplicaVersionRecord
    from auditkit.trust import Trust

_SHOWN_BYTES = 1 << 10  # of a record that is printed as a line of hex digits


@registry.command(short_help="Show a record of a synced registry, at any version.")
@click.argument("key", metavar="KEY")
@dir_option
@click.option(
    "--at",
    type=click.IntRange(0, (1 << 63) - 1),
    metavar="VERSION",
    help="Show it as it was at this version of the registry; by default the last one in DIR.",
)
@root_key_option
@json_option
def show(key: str, folder: Path, at: int | None, root_key: str, as_json: bool) -> None:
    """Show a record of the registry that was synced to DIR, and verify the answer that certifies it.

    KEY is the key of a record, such as replica_version_ and 40 hex digits. Records of GuestOS versions are decoded,
    others are shown as hex digits. That nothing changed the record later is what the index of DIR says; `auditkit
    registry verify` establishes that it says so rightly.

    Status 0 = there is such a record, 1 = there is none at that version, 2 = nobody can tell.

    \b
    Examples:
        auditkit registry show replica_version_b6c0f508b9028382b68786cafe654ec8b32e319e --dir registry
        auditkit registry show subnet_list --dir registry --at 60000 --json
    """
    from auditkit.evidence.registry_sync import open_registry
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    refuse_bare_version(key)
    with open_registry(folder, trust.root_key) as opened:
        record = opened.record(key.encode("utf-8", "surrogateescape"), at)
        batch = None if record is None else opened.prove(record)
        present = record is not None and record.value is not None
        if as_json:
            _print_json(opened, trust, key, at, record, batch)
        else:
            _show(opened, at, record, batch)
    raise ExitStatus(0 if present else 1)


def _show(opened: SyncedRegistry, at: int | None, record: KeptRecord | None, batch: Batch | None) -> None:
    asked = opened.standing.version if at is None else at
    if record is None:
        say(f"none: there was no such record up to version {asked:,}")
    elif record.value is None:
        say(f"none: it was removed in version {record.version:,}{when(record.time_ns)}")
    else:
        say(f"written: in version {record.version:,}{when(record.time_ns)}")
        _show_value(record.key, record.value)
    if batch is not None:
        say(
            f"certified: by the answer with versions {batch.first:,} to {batch.last:,}, "
            f"signed {time_in_words(batch.time_ns)}"
        )
    say(standing_in_words(opened.standing))


def _show_value(key: bytes, value: bytes) -> None:
    import hashlib

    guestos = _guestos(key, value)
    if guestos is not None:
        say_guestos(guestos)
        for entry in guestos.measurements or ():
            say(f"  {entry.measurement.hex()} {entry.vcpu_type or ''}".rstrip())
    else:
        say(f"record: {count(len(value), 'byte')}, SHA-256 {hashlib.sha256(value).hexdigest()}")
        if 0 < len(value) <= _SHOWN_BYTES:
            say(f"hex: {value.hex()}")


def _guestos(key: bytes, value: bytes) -> ReplicaVersionRecord | None:
    """What the record of a GuestOS version says; None for others, and for one that cannot be read, which is told."""
    from auditkit.ic.registry import REPLICA_VERSION_PREFIX, read_replica_version

    text = key.decode("utf-8", "replace")
    if not text.startswith(REPLICA_VERSION_PREFIX):
        return None
    try:
        return read_replica_version(value, text)
    except EvidenceError as error:
        complain(f"auditkit: not decoded: {error}")
        return None


def _print_json(
    opened: SyncedRegistry,
    trust: Trust,
    key: str,
    at: int | None,
    record: KeptRecord | None,
    batch: Batch | None,
) -> None:
    import hashlib
    import os

    from auditkit.audit import Verdict
    from auditkit.cli.documents import RegistryShow
    from auditkit.cli.results import print_document, qualifications_by
    from auditkit.limits import LIMITS

    standing = opened.standing
    value = None if record is None else record.value
    guestos = None if record is None or value is None else _guestos(record.key, value)
    shown = guestos is None and value is not None and len(value) <= LIMITS.registry_shown_bytes
    print_document(
        RegistryShow,
        verdict=Verdict.FAIL if value is None else Verdict.PASS,
        qualifications=qualifications_by(trust),
        key=os.fsencode(key).decode("utf-8", "replace"),
        asked_version=standing.version if at is None else at,
        present=value is not None,
        registry_version=None if record is None else record.version,
        timestamp_ns=None if record is None else record.time_ns,
        bytes=None if value is None else len(value),
        sha256=None if value is None else hashlib.sha256(value).hexdigest(),
        hex=value.hex() if shown and value is not None else None,
        guestos=None if guestos is None else guestos_facts(key, guestos),
        certified_by=None
        if batch is None
        else {"first": batch.first, "last": batch.last, "signed_ns": batch.time_ns},
        last_version=standing.version,
        complete=standing.complete,
        as_of_ns=standing.as_of_ns,
    )
