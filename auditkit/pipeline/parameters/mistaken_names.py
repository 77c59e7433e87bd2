"""What somebody probably meant who named an audit that there is not."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Final

from auditkit.errors import ParameterError, SourceError
from auditkit.numbers import proposal_digits
from auditkit.report import DOCUMENT_NAME
from auditkit.trust import case_names

_NAMES: Final = (
    "give a proposal number such as 139000, election:NUMBER, a scenario (`auditkit practice list`), or a parameter "
    "file as ./NAME or NAME.yaml"
)
_WORDS: Final = r"[^0-9:/]*?(?:[:=/#\s-]+|$)"
_ELECTION: Final = re.compile(rf"ele[ck]tions?{_WORDS}(.*)", re.ASCII | re.IGNORECASE)
_RECOVERY: Final = re.compile(
    r"(?:(?:proposal|recovery|mainnet|main|nns|ic|no|nr)s?\.?(?:[:=/#\s_]*|-))?(.*)", re.ASCII | re.IGNORECASE
)
_LISTED: Final = 200  # names of a folder that are looked at for a near miss


def unknown_name(source: str) -> ParameterError:
    """The error about a word that is neither a proposal, nor a scenario, nor in the form of a file."""
    meant = _meant(source)
    if "://" in source:
        what = f"{source[:200]!r} is an address, and an audit is named by a number, a scenario or a file"
    elif source.startswith(("election:", "mainnet:")):
        what = f"{source[:80]!r} names no proposal"
        meant = meant or ["give the number of the proposal behind the colon"]
    else:
        what = f"{source[:80]!r} names no audit"
        if _is_there(source):
            folder = Path(source)
            here = (
                _of_folder(folder) if folder.is_dir() else f"for the file of that name, write ./{source[:80]}"
            )
            meant.append(here)
        elif not meant and _is_there(f"{source[:80]}.yaml"):
            meant.append(f"did you mean {source[:80]}.yaml?")
    return ParameterError(what, hint="; ".join(meant) or _NAMES)


def lacking_file(error: SourceError, source: str) -> SourceError:
    """``error`` about a parameter file that cannot be read, with what may have been meant."""
    path = Path(source)
    try:
        if path.is_dir():
            error.hint = _of_folder(path)
        elif not _is_there(source) and (near := _near_scenario(path.name) or _near_file(path)):
            error.hint = f"did you mean {near}?"
    except (OSError, ValueError):
        pass  # what is wrong with the path was said
    return error


def _meant(source: str) -> list[str]:
    """Proposals or a scenario that the word resembles, each in words."""
    plain = source.strip().strip("'\"").strip()
    if elected := _ELECTION.fullmatch(plain):
        number = proposal_digits(elected[1])
        if number:
            return [f"did you mean election:{number}?"]
        if re.fullmatch(r"elections?:?", plain, re.IGNORECASE):
            return ["give the number of the proposal too, as in election:143409"]
    recovered = _RECOVERY.fullmatch(plain)
    number = proposal_digits(plain) or (proposal_digits(recovered[1]) if recovered else None)
    if number:
        return [f"did you mean {number}, a recovery, or election:{number}?"]
    near = _near_scenario(plain)
    return [f"did you mean {near}?"] if near else []


def _near_scenario(word: str) -> str | None:
    """The name of the scenario that the word resembles."""
    plain = re.sub(r"\.[a-z]{1,5}$", "", word.casefold().rpartition(":")[2].rpartition("/")[2])
    plain = re.sub(r"[\s_]+", "-", plain.strip()).removeprefix("practice-")
    near = difflib.get_close_matches(plain[:100], case_names(), n=1, cutoff=0.7)
    return near[0] if near else None


def _near_file(path: Path) -> str | None:
    beside = [one.name for one, _ in zip(path.parent.iterdir(), range(_LISTED), strict=False)]
    near = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.7)
    return str(path.with_name(near[0])) if near else None


def _of_folder(folder: Path) -> str:
    if (folder / DOCUMENT_NAME).exists():
        return f"it is a report: `auditkit check {folder}/evidence/replay.yaml` repeats its audit"
    return "give a parameter file; `auditkit batch FOLDER/*.yaml` audits all of a folder"


def _is_there(name: str) -> bool:
    try:
        return os.path.lexists(name)
    except ValueError:
        return False
