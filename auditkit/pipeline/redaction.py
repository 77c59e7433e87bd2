"""What reports tell of places: which file or whom, but nothing of the auditor's machine and no key to anything.

Parameters name files in the auditor's folders and addresses that may hold a token. Everything in a report folder, the
notebook included, names a file by its last part alone and an address without user, query, fragment and path
parameters, so that nothing secret is published and two auditors with the same evidence get the same bytes.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from auditkit.digests import COMMIT
from auditkit.errors import AuditkitError
from auditkit.pipeline.parameters import Parameters, names_no_place
from auditkit.report import ParameterValue
from auditkit.trust import MAINNET, trust_named, world_place

PARAMETERS_OF_THE_MACHINE: Final = frozenset({"output_dir"})
"""Places on the auditor's machine that say nothing about the subject."""
PLACES: Final = (
    "proposal_source",
    "request_source",
    "election_source",
    "catalogue",
    "base_image",
    "recovery_image",
    "attestation_report",
    "attestation_chain",
    "chips_source",
    "provenance_source",
)
"""Parameters that name a file, a folder, an address, or a scenario of the practice network."""

_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_ADDRESS_IN_TEXT: Final = re.compile(r"https?://[^\s'\"<>]+", re.IGNORECASE)
_QUERY_IN_TEXT: Final = re.compile(r"\?[^\s'\"<>]*=[^\s'\"<>]*")
_PATH_PARAMETERS: Final = re.compile(r";[^/…][^/]*")  # of one segment, as some servers sign addresses
_REDACTED_FILE: Final = re.compile(r"file [^/]+")
_VERSION: Final = re.escape("{base_version}")
_NOT_INSIDE_A_NAME: Final = r"(?<![\w./~-])"
_ENDS: Final = r"[^\s:;,'\"()]*"
_Error = TypeVar("_Error", bound=AuditkitError)


def redacted_place(place: str) -> str:
    """A file, an address or a scenario as reports show it. What is told already stays as it is."""
    if world_place(place) or _REDACTED_FILE.fullmatch(place):
        return place
    if _ADDRESS.match(place):
        return _redacted_address(place)
    return f"file {Path(place).name or 'without a name'}"


def redacted_parameters(parameters: Parameters) -> dict[str, ParameterValue]:
    """The parameters as reports, records and notebooks tell them; the root key by its name or digits."""
    told: dict[str, ParameterValue] = {}
    for name, value in parameters.to_plain().items():
        if name in PARAMETERS_OF_THE_MACHINE:
            continue
        if name in PLACES and value is not None and not names_no_place(name, value):
            told[name] = redacted_place(value)
        else:
            told[name] = tuple(value) if isinstance(value, list) else value
    key = "mainnet" if trust_named(parameters.root_key) is MAINNET else parameters.root_key
    return {**told, "root_key": key}


def redacted_text(text: str, parameters: Parameters) -> str:
    """A sentence about an audit with these parameters, as reports show it."""
    for place in _files(parameters):
        for form in _forms(place):
            if folder := form.rpartition("/")[0]:
                text = re.sub(_NOT_INSIDE_A_NAME + _pattern(f"{folder}/"), "", text)
    text = _ADDRESS_IN_TEXT.sub(lambda found: _redacted_in_text(found[0]), text)
    text = _QUERY_IN_TEXT.sub("?…", text)
    for folder, depth in _own_folders():
        below = re.escape(folder) + r"(?:/[^/\s]+)" * depth + rf"(/{_ENDS})?"
        text = re.sub(
            _NOT_INSIDE_A_NAME + below,
            lambda found: (found[1] or "").rstrip("/").rpartition("/")[2] or "a folder",
            text,
        )
    return text


def redacted_error(error: _Error, parameters: Parameters) -> _Error:
    """A copy of ``error`` in which every sentence is as reports show it."""
    texts = ("what", "where", "hint", "expected", "observed")
    told = {name: redacted_text(getattr(error, name), parameters) for name in texts}
    copy = type(error)(**told)
    copy.__dict__.update({**error.__dict__, **told})
    return copy


def _redacted_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an address that is not valid"
    path = _PATH_PARAMETERS.sub(";…", parts.path)
    return f"{parts.scheme}://{host}{path}{'?…' if parts.query or parts.fragment else ''}"


def _redacted_in_text(address: str) -> str:
    bare = address.rstrip(".,;:)")
    return _redacted_address(bare) + address[len(bare) :]


def _files(parameters: Parameters) -> Iterator[str]:
    for name in PLACES:
        place = getattr(parameters, name)
        if place is None or world_place(place) is not None or _ADDRESS.match(place):
            continue
        if not names_no_place(name, place):
            yield place
    yield parameters.output_dir


def _forms(place: str) -> list[str]:
    """The texts by which an error may name a file, longest first."""
    forms = {place}
    try:
        path = Path(place).expanduser()
        forms |= {str(path), str(path.absolute()), str(path.resolve())}
    except (OSError, RuntimeError, ValueError):
        pass  # nothing of that name was ever opened
    return sorted(forms, key=len, reverse=True)


def _pattern(place: str) -> str:
    return re.escape(place).replace(_VERSION, COMMIT)


def _own_folders() -> Iterator[tuple[str, int]]:
    """Folders of this machine that errors name, and how many names below them say nothing either."""
    for folder, depth in (
        (tempfile.gettempdir(), 1),
        (os.environ.get("AUDITKIT_CACHE", ""), 0),
        (os.environ.get("XDG_CACHE_HOME", ""), 0),
        (_home(), 0),
        (str(Path.cwd()), 0),
    ):
        if len(folder) > 1 and folder.startswith("/"):
            yield folder.rstrip("/"), depth


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        return ""
