"""`auditkit catalogue update`, `find` and `list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditkit.cli.application import (
    ExistingFile,
    ExitStatus,
    ProposalId,
    auditkit,
    json_option,
    root_key_option,
)
from auditkit.cli.printing import complain, say
from auditkit.cli.results import print_document, qualifications_by
from auditkit.errors import EvidenceError

if TYPE_CHECKING:
    from auditkit.evidence.catalogue import Catalogue, CatalogueEntry, Match
    from auditkit.trust import Trust

folder_argument = click.argument("folder", metavar="[DIR]", type=ExistingFile, required=False)
_UPDATE = "run `auditkit catalogue update`"


@auditkit.group()
def catalogue() -> None:
    """All elections of GuestOS versions by the NNS, certified, in a folder that can be asked offline and handed over.

    DIR is by default a folder in your cache, one for each root key. What is in it is verified whenever it is read.
    """


@catalogue.command(short_help="Fetch the elections that are new, verify them, keep them.")
@folder_argument
@click.option("--url", help="Ask this API boundary node; by default mainnet's.")
@root_key_option
@click.option(
    "--since",
    type=ProposalId(),
    metavar="N",
    help="Go down to proposal N only: the catalogue is not complete then.",
)
def update(folder: Path | None, url: str | None, root_key: str, since: int | None) -> None:
    """Fetch the elections that are new, verify them, and keep them; stop it whenever you like and run it again.

    Lists the proposals by certified calls of list_proposals, fetches each election by a certified call, and keeps every
    certificate with its request. Asks again for proposals that were not decided yet. Nothing is kept that does not
    verify. Governance remembers about a hundred decided elections: a catalogue keeps what it forgets.

    \b
    Examples:
        auditkit catalogue update
        auditkit catalogue update elections --since 139000
    """
    from auditkit.evidence.catalogue import update_catalogue
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import MAINNET, parse_trust

    trust = parse_trust(root_key)
    place = _place(folder, trust)
    with progress_on_terminal() as progress:
        done = update_catalogue(
            place, (url,) if url else MAINNET.hosts, trust.root_key, since=since, progress=progress
        )
        found = done.catalogue
        told = _standing(found)
    say(str(place))
    say(f"fetched {_count(done.pages, 'page')} of the list and {_count(done.proposals, 'proposal')}")
    for number, what in found.no_elections.items():
        say(f"proposal {number} elects no version: {what}")
    say(told)
    for trouble in (*done.refused, *done.missed, *found.unverified):
        complain(f"auditkit: could not be verified: {trouble}")
    lacking = {number: what for number, what in found.lacking.items() if number >= (since or 0)}
    for number, what in lacking.items():
        complain(f"auditkit: proposal {number} is missing: {what}")
    if done.refused:
        raise ExitStatus(1)
    if done.missed or lacking or not (since or found.complete):
        raise ExitStatus(2)


@catalogue.command(short_help="Find the elections of a measurement, a root hash or a version.")
@click.argument("query", metavar="MEASUREMENT|ROOT_HASH|VERSION")
@folder_argument
@root_key_option
@json_option
def find(query: str, folder: Path | None, root_key: str, as_json: bool) -> None:
    """Find the elections that name a launch measurement, a root hash or a version, or one that begins so.

    Status 0 = found, 1 = a complete catalogue has none, 2 = nobody can tell, since the catalogue is not complete.

    A launch measurement has 96 hex digits, a root hash (root_hash= in the command line beside a measurement) 64, a
    version 40; the first 8 are enough.

    \b
    Examples:
        auditkit catalogue find b6c0f508
        auditkit catalogue find b6c0f508b9028382b68786cafe654ec8b32e319e elections --json
    """
    from auditkit.audit import Verdict
    from auditkit.cli.documents import CatalogueFind
    from auditkit.evidence.catalogue import look_up
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    with progress_on_terminal(not as_json) as progress:
        opened = _open(folder, root_key, progress)
        matches = look_up(opened, query)
        told = _standing(opened)
    status = 0 if matches else 1 if opened.complete else 2
    what = "it names no such thing, and it is not complete"
    if as_json:
        error = {"what": what, "where": "the catalogue", "hint": _UPDATE} if status == 2 else None
        print_document(
            CatalogueFind,
            verdict=(Verdict.PASS, Verdict.FAIL, Verdict.TROUBLE)[status],
            qualifications=qualifications_by(parse_trust(root_key)),
            error=error,
            query=query,
            found=tuple(map(_match_json, matches)),
            **_json(opened),
        )
    else:
        for match in matches:
            say(f"{_line(match.entry)}, {match.aspect} {match.value}")
        say(told if matches else f"none: {told}")
    if status == 2:
        complain(f"auditkit: the catalogue: {what}; {_UPDATE}")
    _complain_of_unverified(opened)
    raise ExitStatus(status)


@catalogue.command("list", short_help="List all elections that are kept.")
@folder_argument
@root_key_option
@json_option
def list_elections(folder: Path | None, root_key: str, as_json: bool) -> None:
    """List all elections that are kept, the newest first, and tell whether that is all.

    \b
    Examples:
        auditkit catalogue list
        auditkit catalogue list elections --json
    """
    from auditkit.cli.documents import CatalogueList
    from auditkit.progress import progress_on_terminal

    with progress_on_terminal(not as_json) as progress:
        opened = _open(folder, root_key, progress)
        told = _standing(opened)
    _require_own_key(opened)
    if as_json:
        print_document(CatalogueList, elections=tuple(map(_entry_json, opened.entries)), **_json(opened))
    else:
        for entry in opened.entries:
            measurements = len(entry.election.measurements or ())
            say(f"{_line(entry)}, {_count(measurements, 'measurement')}")
        say(told)
    _complain_of_unverified(opened)


def _require_own_key(opened: Catalogue) -> None:
    """Raises EvidenceError where nothing verifies and something is there: it is most likely another network's."""
    if not opened.entries and not opened.no_elections and not opened.as_of and opened.unverified:
        raise EvidenceError(
            f"nothing in the catalogue is signed under this root key: {len(opened.unverified)} files are not used",
            hint="--root-key names another one, such as practice",
        )


def _place(folder: Path | None, trust: Trust) -> Path:
    from auditkit.evidence.catalogue import default_folder

    return folder or default_folder(trust.root_key)


def _open(folder: Path | None, root_key: str, progress: Any) -> Catalogue:
    from auditkit.evidence.catalogue import open_catalogue
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    return open_catalogue(_place(folder, trust), trust.root_key, progress=progress)


def _standing(opened: Catalogue) -> str:
    """How much the catalogue knows, in a line."""
    from auditkit.times import rfc3339_if_possible

    since = ""
    if opened.since is not None:
        made = rfc3339_if_possible(opened.since_seconds) or "an unknown time"
        since = f" from proposal {opened.since} on, which was made at {made}"
    known = f"{_count(opened.elections, 'election')}"
    if opened.complete:
        return f"{known}, complete{since}, as of {opened.as_of}"
    lack = (
        f"nothing is missing{since}, as of {opened.as_of}" if since else "something may be missing anywhere"
    )
    return f"{known}, not complete: {lack}"


def _line(entry: CatalogueEntry) -> str:
    """An election in a line."""
    from auditkit.display import one_line

    version = one_line(str(entry.election.version_to_elect), 100)
    return f"proposal {entry.proposal_id}, {_status(entry)}: version {version}"


def _status(entry: CatalogueEntry) -> str:
    from auditkit.times import rfc3339_if_possible

    status = "in an unknown state" if entry.status is None else entry.status.name.lower()
    executed = rfc3339_if_possible(entry.executed_seconds)
    return f"{status} {executed}" if executed else status


def _entry_json(entry: CatalogueEntry) -> dict[str, Any]:
    from auditkit.times import rfc3339_if_possible

    election = entry.election
    measurements = election.measurements
    return {
        "proposal_id": entry.proposal_id,
        "status": None if entry.status is None else entry.status.name.lower(),
        "executed": rfc3339_if_possible(entry.executed_seconds),
        "version": election.version_to_elect,
        "sha256": election.sha256_hex,
        "urls": tuple(election.urls),
        "unelects": tuple(election.versions_to_unelect),
        "measurements": None
        if measurements is None
        else tuple(one.measurement.hex() for one in measurements),
        "root_hashes": tuple(sorted(entry.root_hashes)),
    }


def _match_json(match: Match) -> dict[str, Any]:
    return {"matched": match.aspect, "value": match.value, **_entry_json(match.entry)}


def _json(opened: Catalogue) -> dict[str, Any]:
    return {
        "complete": opened.complete,
        "since": opened.since,
        "as_of": opened.as_of,
        "count": opened.elections,
        "no_elections": tuple(
            {"proposal_id": number, "what": what} for number, what in opened.no_elections.items()
        ),
        "missing": tuple({"proposal_id": number, "why": why} for number, why in opened.lacking.items()),
        "unverified": tuple({"name": one.name, "reason": one.reason} for one in opened.unverified),
    }


def _complain_of_unverified(opened: Catalogue) -> None:
    for one in opened.unverified:
        complain(f"auditkit: not used: {one}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
