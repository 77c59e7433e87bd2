"""The cases of attestations of a build that the practice world holds, and their files.

The files travel with the package; `auditkit.practice.builds.making` made them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from auditkit.practice.release.published import DATA
from auditkit.provenance import DFINITY, Authority, BuildRules

FOLDER: Final = DATA / "builds"
ROOT_FILE: Final = FOLDER / "trusted_root.json"
RULES: Final[BuildRules] = replace(
    DFINITY,
    since=datetime(2026, 8, 10, tzinfo=UTC),
    surely_since=datetime(2026, 8, 20, tzinfo=UTC),
)
"""Those of dfinity's releases; but here attestations began before the base release was elected."""


class Built(StrEnum):
    """What is attested of the base release."""

    HONEST = "that dfinity's release workflow built it"
    OTHER_COMMIT = "the same file, as that of another commit"
    OTHER_WORKFLOW = "that a workflow signed it that anybody's changes run in"
    OTHER_BRANCH = "that it was built on the main branch"
    COPY = "that somebody's copy of the repository was built, by dfinity's workflow"
    OTHER_SUMS = "that another SHA256SUMS was built than the one on the server"
    FORGED = "the honest statement, with another commit written into it after it was signed"
    OTHER_AUTHORITY = "the honest statement, signed and logged by an authority that nobody knows"
    NOTHING = "nothing"

    @property
    def path(self) -> Path | None:
        """The bundle; None where there is none."""
        return (
            None if self is Built.NOTHING else FOLDER / f"{self.name.lower().replace('_', '-')}.sigstore.json"
        )

    @property
    def handed_out(self) -> bool:
        """Whether the bundle is handed out as a file, since no list of dfinity's repository would hold it."""
        return self in (Built.COPY, Built.OTHER_SUMS, Built.FORGED, Built.OTHER_AUTHORITY)


@cache
def practice_authority() -> Authority:
    """Whose attestations count in the practice world."""
    return Authority("the practice authority", ROOT_FILE.read_bytes())
