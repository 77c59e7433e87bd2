"""What a practice release is called and where it lies: on a release server, and in the package."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.evidence import IMAGE_NAME, MEASUREMENTS_NAME, RELEASE_FOLDER

DATA: Final = Path(__file__).parent.parent / "data"
"""Files that travel with the package: two releases as a release server has them, and measurements."""


@dataclass(frozen=True, slots=True)
class PracticeRelease:
    """A release on disk.

    Attributes:
        commit: its base version, 40 hex digits.
        folder: holds the three published files.
    """

    commit: str
    folder: Path

    @property
    def image(self) -> Path:
        """The update image."""
        return self.folder / IMAGE_NAME

    @property
    def measurements(self) -> Path:
        """``launch-measurements.json``."""
        return self.folder / MEASUREMENTS_NAME


def release_commit(seed: str) -> str:
    """The base version of the release that a seed makes: 40 hex digits that are no commit of dfinity/ic."""
    return sha256(b"auditkit practice release " + seed.encode()).hexdigest()[:40]


def release_folder(commit: str) -> str:
    """Where a release lies on a release server, relative to its root."""
    return RELEASE_FOLDER.format(base_version=commit)
