"""What people look up in a catalogue: a measurement, a root hash or a version, whole or by its first digits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from auditkit.errors import ParameterError
from auditkit.evidence.catalogue.catalogue import Catalogue
from auditkit.evidence.catalogue.entry import CatalogueEntry
from auditkit.evidence.image_file import cache_folder
from auditkit.ic import MAINNET_ROOT_KEY

Aspect: TypeAlias = Literal["version", "measurement", "root hash"]

_FEWEST: Final = 8
_MEASUREMENT: Final = 96
_QUERY: Final = re.compile(rf"[0-9a-f]{{{_FEWEST},{_MEASUREMENT}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Match:
    """Something of an election that begins with what was looked up.

    Attributes:
        entry: the election.
        aspect: what of it.
        value: all its hex digits.
    """

    entry: CatalogueEntry
    aspect: Aspect
    value: str


def look_up(catalogue: Catalogue, query: str) -> tuple[Match, ...]:
    """The elections, of any status, the newest first, of which something begins with ``query``.

    Args:
        query: at least 8 hex digits of a measurement (96), of a root hash (64) or of a version (40).

    Raises:
        ParameterError: it can be none of them.
    """
    wanted = query.lower()
    if not _QUERY.fullmatch(wanted):
        raise ParameterError(
            f"{query[:120]!r} cannot be looked up",
            hint=f"give a measurement, a root hash or a version, or at least its first {_FEWEST} hex digits",
        )
    return tuple(
        match for entry in catalogue.entries for match in _aspects(entry) if match.value.startswith(wanted)
    )


def default_folder(root_key: bytes) -> Path:
    """Where the catalogue of a network is kept when nobody names a folder: in this user's cache, apart for each key.

    Raises:
        ParameterError: as `cache_folder`.
    """
    name = "mainnet" if root_key == MAINNET_ROOT_KEY else f"key-{hashlib.sha256(root_key).hexdigest()[:16]}"
    return cache_folder() / "catalogue" / name


def _aspects(entry: CatalogueEntry) -> Iterator[Match]:
    """What of an election can be looked up, each once."""
    if entry.election.version_to_elect is not None:
        yield Match(entry, "version", entry.election.version_to_elect.lower())
    for value in dict.fromkeys(one.measurement.hex() for one in entry.election.measurements or ()):
        yield Match(entry, "measurement", value)
    for value in sorted(entry.root_hashes):
        yield Match(entry, "root hash", value)
