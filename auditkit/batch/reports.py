"""Every report below a folder: what is finished, what was begun and left, and what cannot be read.

The folder may have been written by anybody, so nothing in it is followed, awaited or believed to be small: symbolic
links stay links, pipes and devices are no reports, and depth, entries and bytes have limits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from auditkit.audit import CHOSEN, Claim, Verdict
from auditkit.batch.subject import AuditSubject
from auditkit.decision import Outcome, Qualification
from auditkit.errors import AuditkitError, SourceError, in_words
from auditkit.limits import LIMITS, Limits
from auditkit.opening import read_file
from auditkit.report import DOCUMENT_NAME, EVIDENCE_NAME, from_json, is_begun
from auditkit.report.rendering import why

_MISPLACED: Final = (
    f"A report is in a folder called {EVIDENCE_NAME}, where reports keep evidence: it is not looked at."
)


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """What the `audit.json` of one folder says, as far as an overview of many reports needs it.

    Attributes:
        claim: the verdict with its qualifications.
        folder: the report folder below the folder that was searched, with ``/``; ``.`` for that folder itself.
        finished: when the audit ended.
        deciding: id of the check that the verdict turns on, or empty.
        reason: one sentence that says why the verdict follows.
        outcomes: number of each check that was decided, and its outcome.
        carried: number of each check whose decision carries qualifications, and these.
    """

    folder: str
    subject: AuditSubject
    claim: Claim
    finished: datetime
    deciding: str
    reason: str
    outcomes: tuple[tuple[int, Outcome], ...]
    carried: tuple[tuple[int, tuple[Qualification, ...]], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict alone."""
        return self.claim.verdict

    @property
    def left_open(self) -> frozenset[Qualification]:
        """The qualifications that come from evidence: what this report claims less than it could."""
        return frozenset(self.claim.qualifications) - CHOSEN


@dataclass(frozen=True, slots=True)
class LostReport:
    """A folder where a report should be and is not: begun and never finished, or with an unreadable `audit.json`.

    Attributes:
        folder: as in `FinishedReport`.
        reason: one sentence that says what is wrong.
        hint: what to do about it.
    """

    folder: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class FoundReports:
    """What a search found.

    Attributes:
        links: symbolic links to folders, which were not followed.
    """

    finished: tuple[FinishedReport, ...]
    lost: tuple[LostReport, ...]
    links: int


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict over many audits: FAIL if one failed, else TROUBLE if one is in trouble or there is none."""
    made = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.TROUBLE, Verdict.PASS):
        if verdict in made:
            return verdict
    return Verdict.TROUBLE


def read_finished_report(folder: Path, name: str, *, limits: Limits = LIMITS) -> FinishedReport:
    """What the report in ``folder`` says; errors call it ``name``.

    Raises:
        SourceError: there is no finished report, or its `audit.json` is not a regular file.
        EvidenceError: `audit.json` is too large, malformed, or contradicts itself.
    """
    path = folder / DOCUMENT_NAME
    if path.is_symlink():
        raise SourceError(f"{DOCUMENT_NAME} is a symbolic link, which is not followed", where=str(path))
    document = from_json(read_file(path, limits.report_bytes))
    deciding = document.deciding
    return FinishedReport(
        folder=name,
        subject=AuditSubject.of(document),
        claim=document.claim,
        finished=datetime.fromisoformat(document.run.finished),
        deciding=(deciding.decision or "") if deciding else "",
        reason=why(document),
        outcomes=tuple((decision.number, decision.outcome) for decision in document.decisions),
        carried=tuple((one.number, one.qualifications) for one in document.decisions if one.qualifications),
    )


def find_reports(folder: Path, *, limits: Limits = LIMITS) -> FoundReports:
    """Every report in ``folder`` and below it, in the order of their names.

    A folder is a report folder when it has an `audit.json`, or any other file that an audit writes, or nothing at
    all: an audit that was just begun has an empty one. Hidden folders are not looked into.

    Raises:
        SourceError: ``folder`` cannot be read, or holds more than any collection of reports.
    """
    finished: list[FinishedReport] = []
    lost: list[LostReport] = []
    links = 0
    for path, names, linked in _folders(folder, limits):
        links += linked
        name = os.fsencode(path.relative_to(folder).as_posix()).decode(errors="replace")
        misplaced = EVIDENCE_NAME in names and _holds_a_report(path / EVIDENCE_NAME)
        if misplaced:
            lost.append(LostReport((Path(name) / EVIDENCE_NAME).as_posix(), _MISPLACED, "rename the folder"))
        if DOCUMENT_NAME in names:
            try:
                finished.append(read_finished_report(path, name, limits=limits))
            except AuditkitError as error:
                hint = "look at the file; auditkit did not leave it like this"
                lost.append(LostReport(name, f"The report cannot be read: {error.what_was_found}.", hint))
        elif any(map(is_begun, names - {EVIDENCE_NAME} if misplaced else names)) or not (
            names or path == folder
        ):
            reason = "An audit was begun here and did not finish."
            lost.append(LostReport(name, reason, "run the audit again, or remove the folder"))
    return FoundReports(tuple(finished), tuple(lost), links)


def _holds_a_report(folder: Path) -> bool:
    return not folder.is_symlink() and os.path.lexists(folder / DOCUMENT_NAME)


def _folders(top: Path, limits: Limits) -> Iterator[tuple[Path, frozenset[str], int]]:
    """Each folder with the names in it and the number of links to folders among them, parents first."""
    waiting, seen = [(top, 0)], 0
    while waiting:
        path, depth = waiting.pop()
        names: set[str] = set()
        inside: list[Path] = []
        links = 0
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    seen += 1
                    if seen > limits.collection_entries:
                        raise SourceError(
                            f"the folder holds more than {limits.collection_entries:,} files",
                            where=str(top),
                            hint="name a folder that holds reports and little else",
                        )
                    names.add(entry.name)
                    if entry.is_symlink():
                        links += entry.is_dir()
                    elif entry.is_dir() and not entry.name.startswith(".") and entry.name != EVIDENCE_NAME:
                        inside.append(Path(entry.path))
        except OSError as error:
            raise SourceError(
                f"the folder cannot be read: {in_words(error)}",
                where=str(path),
                hint="check the path",
            ) from None
        if inside and depth == limits.collection_depth:
            raise SourceError(
                f"the folder is nested more than {limits.collection_depth} deep", where=str(top)
            )
        waiting += [(folder, depth + 1) for folder in sorted(inside, reverse=True)]
        yield path, frozenset(names), links
