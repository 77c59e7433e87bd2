"""Chips of the practice world: the root that they lead to, and their reports.

The files travel with the package; `auditkit.practice.attestation` made them.
"""

from __future__ import annotations

from functools import cache
from hashlib import shake_256
from pathlib import Path
from typing import Final

from auditkit.practice.attested import REPORT_SUFFIX, Attested
from auditkit.practice.release.published import DATA
from auditkit.sev.attestation import RootKey, TcbLayout, parse_chain

FOLDER: Final = DATA / "attestation"
ROOT_FILE: Final = FOLDER / "practice_ark.pem"
FAMILY: Final = "Practice"


def practice_chip(number: int) -> bytes:
    """The id of a practice chip, 64 bytes; proposals of the practice network name chips 1 and 2."""
    return shake_256(b"auditkit practice chip %d" % number).digest(64)


@cache
def practice_root() -> RootKey:
    """The root that practice chips lead to."""
    (certificate,) = parse_chain(ROOT_FILE.read_bytes())
    return RootKey(FAMILY, TcbLayout.MILAN, 64, certificate)


def attestation_files(attested: Attested) -> tuple[Path, Path]:
    """The report and the chain of a practice case."""
    folder = FOLDER / attested.name.lower().replace("_", "-")
    return folder / f"report{REPORT_SUFFIX}", folder / "chain.pem"
