"""`auditkit registry sync`, `verify` and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option, root_key_option
from auditkit.cli.printing import complain, say
from auditkit.errors import EvidenceError

if TYPE_CHECKING:
    from auditkit.evidence.registry_sync import Batch, KeptRecord, Standing, SyncedRegistry
    from auditkit.ic.registry import ReplicaVersionRecord

folder_argument = click.argument("folder", metavar="DIR", type=ExistingFile)
_SHOWN_BYTES = 1 << 10  # of a record that is printed as a line of hex digits


@auditkit.group()
def registry() -> None:
    """The whole registry of the NNS, certified, in a folder that can be asked offline and handed over.

    DIR holds every version of the registry with the certificates that prove it, in one SQLite file.
    """


@registry.command(short_help="Fetch the versions that are new, verify them, keep them.")
@folder_argument
@click.option("--url", help="Ask this API boundary node; by default mainnet's.")
@root_key_option
def sync(folder: Path, url: str | None, root_key: str) -> None:
    """Fetch the versions of the registry that are new, verify them, and keep them in DIR; run it again at any time.

    Replays the registry by get_certified_changes_since; every answer is verified before it is kept. Stop it whenever
    you like: the next run goes on where it ended. All of mainnet's takes 77 calls and 64 MB, later runs what is new.

    Status 0 = DIR is up to date, 1 = an answer did not verify, or is older than what DIR knows (nothing of it is kept),
    2 = something could not be had.

    \b
    Examples:
        auditkit registry sync registry
        auditkit registry sync registry --url http://127.0.0.1:8000 --root-key practice
    """
    from rich.filesize import decimal

    from auditkit.evidence.registry_sync import sync_registry
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import MAINNET, parse_trust

    trust = parse_trust(root_key)
    with progress_on_terminal() as progress:
        try:
            done = sync_registry(folder, (url,) if url else MAINNET.hosts, trust.root_key, progress=progress)
        except EvidenceError as error:
            complain(f"auditkit: refused: {error}")
            raise ExitStatus(1) from None
    say(str(folder))
    say(
        f"fetched {_count(done.versions, 'version')} in {_count(done.answers, 'answer')}, {decimal(done.size)}"
    )
    say(_standing(done.standing))


@registry.command(short_help="Verify everything in a folder again, offline.")
@folder_argument
@root_key_option
def verify(folder: Path, root_key: str) -> None:
    """Verify every answer in DIR again, and that what is looked up in it is what they certify. Needs no network.

    Do it before you rely on a folder that somebody else handed you. Status 0 = all of it verifies, 1 = something does
    not, 2 = there is no such folder, or it cannot be read.

    \b
    Example:
        auditkit registry verify registry
    """
    from rich.filesize import decimal

    from auditkit.evidence.registry_sync import verify_folder
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    with progress_on_terminal() as progress:
        try:
            found = verify_folder(folder, trust.root_key, progress=progress)
        except EvidenceError as error:
            complain(f"auditkit: refused: {error}")
            raise ExitStatus(1) from None
    answers = _count(found.standing.answers, "answer")
    say(f"verified {answers}, {decimal(found.size)}, and {_count(found.changes, 'change')} of records")
    say(f"{_count(found.records, 'record')} at the last version")
    say(_standing(found.standing))


@registry.command(short_help="Show a record of a synced registry, at any version.")
@click.argument("key", metavar="KEY")
@click.option(
    "--dir", "folder", type=ExistingFile, required=True, metavar="DIR", help="Where it was synced to."
)
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
    from auditkit.cli.registry import refuse_bare_version
    from auditkit.evidence.registry_sync import open_registry
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    refuse_bare_version(key)
    with open_registry(folder, trust.root_key) as opened:
        record = opened.record(key.encode("utf-8", "surrogateescape"), at)
        batch = None if record is None else opened.prove(record)
        present = record is not None and record.value is not None
        if as_json:
            _print_json(opened, key, at, record, batch)
        else:
            _show(opened, at, record, batch)
    raise ExitStatus(0 if present else 1)


@registry.command(short_help="Tell whose the machine with a chip is.")
@click.argument("chips", metavar="CHIP...", nargs=-1, required=True)
@click.option(
    "--dir", "folder", type=ExistingFile, required=True, metavar="DIR", help="Where it was synced to."
)
@root_key_option
@click.option("--verify", is_flag=True, help="Verify all of the folder first, some seconds for mainnet's.")
@json_option
def chip(chips: tuple[str, ...], folder: Path, root_key: str, verify: bool, as_json: bool) -> None:
    """Tell which nodes of the registry that was synced to DIR have a chip, whose they are, and where.

    CHIP is the id of an AMD processor, as proposals and attestation reports name it: 128 hex digits, or the first 8 or
    more of one that a node has or had. The certified answer of each record that is shown is verified. Which records
    these are, and that none is missing, is what the index of the folder says, which whoever gave you the folder could
    have changed. `--verify` verifies all of it first, as `auditkit registry verify` does.

    Status 0 = each is that of a node, 1 = one is no node's now, 2 = nobody can tell. All 128 digits of a chip that no
    node ever had end with 1; first digits that begin no known chip, or several, name none, and end with 2.

    \b
    Example:
        auditkit registry chip c38514b7 --dir registry --root-key practice
    """
    from auditkit.cli.registry_chips import chip_ids, chips_document, say_chips
    from auditkit.evidence.registry_sync import chips_in_registry, open_registry
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    with (
        progress_on_terminal() as progress,
        open_registry(folder, trust.root_key, verify=verify, progress=progress) as opened,
    ):
        found = chips_in_registry(opened, chip_ids(opened, chips), prove=True)
        standing = opened.standing
    known = all(one.nodes for one in found.chips)
    if as_json:
        chips_document(found, verified=verify)
    else:
        say_chips(found)
        say(_standing(standing))
        if not verify:
            say("not verified: the index of the folder, which says where the records are; --verify does that")
    raise ExitStatus(0 if known else 1)


def _show(opened: SyncedRegistry, at: int | None, record: KeptRecord | None, batch: Batch | None) -> None:
    asked = opened.standing.version if at is None else at
    if record is None:
        say(f"none: there was no such record up to version {asked:,}")
    elif record.value is None:
        say(f"none: it was removed in version {record.version:,}{_when(record.time_ns)}")
    else:
        say(f"written: in version {record.version:,}{_when(record.time_ns)}")
        _show_value(record.key, record.value)
    if batch is not None:
        say(
            f"certified: by the answer with versions {batch.first:,} to {batch.last:,}, "
            f"signed {_time(batch.time_ns)}"
        )
    say(_standing(opened.standing))


def _show_value(key: bytes, value: bytes) -> None:
    import hashlib

    guestos = _guestos(key, value)
    if guestos is not None:
        say(f"sha256: {guestos.sha256_hex or 'none'}")
        for url in guestos.urls:
            say(f"url: {url}")
        say(f"measurements: {len(guestos.measurements or ()) or 'none, it was elected without'}")
        for entry in guestos.measurements or ():
            say(f"  {entry.measurement.hex()} {entry.vcpu_type or ''}".rstrip())
    else:
        say(f"record: {_count(len(value), 'byte')}, SHA-256 {hashlib.sha256(value).hexdigest()}")
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
    opened: SyncedRegistry, key: str, at: int | None, record: KeptRecord | None, batch: Batch | None
) -> None:
    import hashlib
    import os

    from auditkit.audit import Verdict
    from auditkit.cli.documents import RegistryShow
    from auditkit.cli.registry import guestos_facts
    from auditkit.cli.results import print_document
    from auditkit.limits import LIMITS

    standing = opened.standing
    value = None if record is None else record.value
    guestos = None if record is None or value is None else _guestos(record.key, value)
    shown = guestos is None and value is not None and len(value) <= LIMITS.registry_shown_bytes
    print_document(
        RegistryShow,
        verdict=Verdict.FAIL if value is None else Verdict.PASS,
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


def _standing(standing: Standing) -> str:
    if standing.complete:
        return (
            f"version {standing.version:,} of the registry, the newest as of {_time(standing.as_of_ns or 0)}"
        )
    return (
        f"version {standing.version:,} of the registry, whose newest is {standing.newest:,} or later: "
        "run `auditkit registry sync`"
    )


def _time(time_ns: int) -> str:
    from auditkit.times import rfc3339_of_ns

    return rfc3339_of_ns(time_ns) or f"{time_ns // 10**9} seconds after 1970"


def _when(time_ns: int | None) -> str:
    return "" if time_ns is None else f" at {_time(time_ns)}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
