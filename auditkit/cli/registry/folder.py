"""`auditkit registry sync` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option, root_key_option
from auditkit.cli.printing import complain, say
from auditkit.cli.registry.words import count, standing_in_words
from auditkit.errors import EvidenceError

if TYPE_CHECKING:
    from auditkit.cli.documents import RegistryDocument
    from auditkit.evidence.registry_sync import Standing
    from auditkit.trust import Trust

dir_option = click.option(
    "--dir", "folder", type=ExistingFile, required=True, metavar="DIR", help="Where it was synced to."
)
folder_argument = click.argument("folder", metavar="DIR", type=ExistingFile)


@auditkit.group()
def registry() -> None:
    """The whole registry of the NNS, certified, in a folder that can be asked offline and handed over.

    DIR holds every version of the registry with the certificates that prove it, in one SQLite file.
    """


@registry.command(short_help="Fetch the versions that are new, verify them, keep them.")
@folder_argument
@click.option("--url", help="Ask this API boundary node; by default mainnet's.")
@root_key_option
@json_option
def sync(folder: Path, url: str | None, root_key: str, as_json: bool) -> None:
    """Fetch the versions of the registry that are new, verify them, and keep them in DIR; run it again at any time.

    Replays the registry by get_certified_changes_since; every answer is verified before it is kept. Stop it whenever
    you like: the next run goes on where it ended. All of mainnet's takes 77 calls and 64 MB, later runs what is new.

    Status 0 = DIR is up to date, 1 = an answer did not verify, or is older than what DIR knows (nothing of it is kept),
    2 = something could not be had.

    \b
    Examples:
        auditkit registry sync registry
        auditkit registry sync registry --url http://127.0.0.1:8900 --root-key practice
    """
    from rich.filesize import decimal

    from auditkit.cli.documents import RegistrySync
    from auditkit.evidence.registry_sync import sync_registry
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import MAINNET, parse_trust

    trust = parse_trust(root_key)
    with progress_on_terminal(not as_json) as progress:
        try:
            done = sync_registry(folder, (url,) if url else MAINNET.hosts, trust.root_key, progress=progress)
        except EvidenceError as error:
            _end_refused(error, trust, RegistrySync if as_json else None)
    if as_json:
        _print_json(
            RegistrySync, trust, done.standing, versions=done.versions, answers=done.answers, bytes=done.size
        )
        return
    say(str(folder))
    say(f"fetched {count(done.versions, 'version')} in {count(done.answers, 'answer')}, {decimal(done.size)}")
    say(standing_in_words(done.standing))


@registry.command(short_help="Verify everything in a folder again, offline.")
@folder_argument
@root_key_option
@json_option
def verify(folder: Path, root_key: str, as_json: bool) -> None:
    """Verify every answer in DIR again, and that what is looked up in it is what they certify. Needs no network.

    Do it before you rely on a folder that somebody else handed you. Status 0 = all of it verifies, 1 = something does
    not, 2 = there is no such folder, or it cannot be read.

    \b
    Example:
        auditkit registry verify registry
    """
    from rich.filesize import decimal

    from auditkit.cli.documents import RegistryVerify
    from auditkit.evidence.registry_sync import verify_folder
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    with progress_on_terminal(not as_json) as progress:
        try:
            found = verify_folder(folder, trust.root_key, progress=progress)
        except EvidenceError as error:
            _end_refused(error, trust, RegistryVerify if as_json else None)
    if as_json:
        _print_json(
            RegistryVerify,
            trust,
            found.standing,
            answers=found.standing.answers,
            bytes=found.size,
            changes=found.changes,
            records=found.records,
        )
        return
    answers = count(found.standing.answers, "answer")
    say(f"verified {answers}, {decimal(found.size)}, and {count(found.changes, 'change')} of records")
    say(f"{count(found.records, 'record')} at the last version")
    say(standing_in_words(found.standing))


def _end_refused(error: EvidenceError, trust: Trust, kind: type[RegistryDocument] | None) -> NoReturn:
    """Tells what did not verify, as JSON too where it is asked for, and ends with 1."""
    from auditkit.audit import Verdict
    from auditkit.cli.documents import TroubleFound
    from auditkit.cli.results import print_document, qualifications_by

    complain(f"auditkit: refused: {error}")
    if kind is not None:
        refused = TroubleFound(what=error.what_was_found, where=error.where, hint=error.hint)
        print_document(kind, verdict=Verdict.FAIL, qualifications=qualifications_by(trust), refused=refused)
    raise ExitStatus(1) from None


def _print_json(kind: type[RegistryDocument], trust: Trust, standing: Standing, **counts: int) -> None:
    from auditkit.audit import Verdict
    from auditkit.cli.results import print_document, qualifications_by

    print_document(
        kind,
        verdict=Verdict.PASS,
        qualifications=qualifications_by(trust),
        last_version=standing.version,
        complete=standing.complete,
        as_of_ns=standing.as_of_ns,
        **counts,
    )
