"""How things stand: the newest report of each subject, and whether it is recent enough to rely on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from auditkit.audit import Claim, Verdict, in_order
from auditkit.batch.reports import FinishedReport, LostReport, combine, find_reports
from auditkit.batch.subject import AuditSubject
from auditkit.batch.succession import StandingReport, standing_reports
from auditkit.decision import Outcome, Qualification
from auditkit.errors import ParameterError
from auditkit.times import rfc3339

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far in the future a report may be, since the machine that made it has a clock of its own."""
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_AGE: Final = re.compile(r"([0-9]{1,5})([mhd])")


class Standing(StrEnum):
    """Whether a report can be relied on, whatever its verdict."""

    FRESH = "fresh"
    STALE = "stale"
    MISTIMED = "mistimed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One subject, or one report that belongs to none because it was not finished or cannot be read.

    Attributes:
        verdict: what the row adds to the whole: the report's verdict, but TROUBLE for a PASS that is stale, and
            for a report whose time cannot be or that is missing.
        standing: why that is so.
        subject: None where no report tells it.
        folder: the report folder, below the folder that was searched.
        finished: when the audit ended.
        age: how long ago that was.
        deciding: id of the check that the verdict turns on, or empty.
        reason: one sentence that says why.
        older: how many older reports there are of the subject.
        outcomes: number of each check that was decided, and its outcome.
        qualifications: what keeps the report's verdict from meaning all that the word alone means.
    """

    verdict: Verdict
    standing: Standing
    subject: AuditSubject | None
    folder: str
    finished: datetime | None
    age: timedelta | None
    deciding: str
    reason: str
    older: int
    outcomes: tuple[tuple[int, Outcome], ...]
    qualifications: tuple[Qualification, ...] = ()

    @property
    def claim(self) -> Claim:
        """The verdict with its qualifications."""
        return Claim(self.verdict, self.qualifications)


@dataclass(frozen=True, slots=True)
class Status:
    """How all subjects stand.

    Attributes:
        verdict: FAIL if the newest report of a subject failed; else TROUBLE if one is in trouble, stale or missing,
            or there is no report at all; else PASS.
        reason: one sentence that says so.
        rows: those that need attention first.
        now: when this was found out.
        links: symbolic links to folders, which were not followed.
    """

    verdict: Verdict
    reason: str
    rows: tuple[StatusRow, ...]
    now: datetime
    max_age: timedelta
    links: int

    @property
    def claim(self) -> Claim:
        """The verdict with the qualifications of all rows."""
        return Claim(self.verdict, in_order(item for row in self.rows for item in row.qualifications))


def parse_age(text: str) -> timedelta:
    """The time that a text such as ``7d``, ``12h`` or ``90m`` means.

    Raises:
        ParameterError: it is not a whole number from 1 and a unit.
    """
    found = _AGE.fullmatch(text)
    if not found or not int(found[1]):
        raise ParameterError(
            f"an age cannot be {text[:40]!r}", hint="give days, hours or minutes, such as 7d, 12h or 90m"
        )
    return int(found[1]) * _UNITS[found[2]]


def age_text(age: timedelta) -> str:
    """``age`` in its largest whole unit, such as ``3 days``."""
    for name, unit in (("day", _UNITS["d"]), ("hour", _UNITS["h"]), ("minute", _UNITS["m"])):
        if (count := age // unit) >= 1:
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "less than a minute"


def read_status(
    folder: Path | str, max_age: timedelta | str = "7d", *, now: datetime | None = None
) -> Status:
    """How the subjects of all reports below ``folder`` stand.

    Only `audit.json` is read: signatures and evidence are the business of ``auditkit verify-report``.

    Args:
        folder: a folder of report folders, or one report folder; when it is not there, there is no report in it.
        max_age: how old the newest report of a subject may be, also in the form that `parse_age` takes.
        now: the present, for tests.

    Raises:
        ParameterError: ``max_age`` makes no sense.
        SourceError: the folder cannot be read, or holds far more than reports.
    """
    top = Path(folder)
    limit = parse_age(max_age) if isinstance(max_age, str) else max_age
    moment = now or datetime.now(UTC)
    if not top.exists():
        return Status(Verdict.TROUBLE, f"There is no folder {top.name} yet.", (), moment, limit, 0)
    found = find_reports(top)
    timely: list[FinishedReport] = []
    rows = [_missing(report) for report in found.lost]
    for report in found.finished:
        if report.finished - moment > CLOCKS_DIFFER:
            rows.append(_mistimed(report))
        else:
            timely.append(report)
    rows += [_row(counting, moment, limit) for counting in standing_reports(timely)]
    rows.sort(key=lambda row: (_ORDER[row.verdict], row.standing, row.folder))
    verdict = combine(row.verdict for row in rows)
    return Status(verdict, _summary(rows), tuple(rows), moment, limit, found.links)


def status_fields(status: Status) -> dict[str, Any]:
    """The fields of ``status`` in the JSON document that ``auditkit status --json`` prints."""
    return {
        "verdict": status.verdict,
        "qualifications": status.claim.qualifications,
        "reason": status.reason,
        "checked_at": rfc3339(status.now.timestamp()),
        "max_age_seconds": int(status.max_age.total_seconds()),
        "links_not_followed": status.links,
        "subjects": tuple(_row_fields(row) for row in status.rows),
    }


_ORDER: Final = {Verdict.FAIL: 0, Verdict.TROUBLE: 1, Verdict.PASS: 2}


def _row(counting: StandingReport, now: datetime, max_age: timedelta) -> StatusRow:
    """The report that counts, and what is to be said of it."""
    report = counting.report
    age = max(now - report.finished, timedelta())
    stale = age > max_age
    reason = report.reason
    if counting.refused is not None:
        refused, less = counting.refused
        reason = (
            f"{reason} The newer report in {refused.folder} says {refused.claim} and claims less "
            f"({', '.join(sorted(less))}), so it does not take the place of this one."
        )
    if stale:
        reason = f"The newest report is {age_text(age)} old: audit again. It said {report.verdict}: {reason}"
    return StatusRow(
        verdict=Verdict.TROUBLE if stale and report.verdict is Verdict.PASS else report.verdict,
        standing=Standing.STALE if stale else Standing.FRESH,
        subject=report.subject,
        folder=report.folder,
        finished=report.finished,
        age=age,
        deciding=report.deciding,
        reason=reason,
        older=counting.older,
        outcomes=report.outcomes,
        qualifications=report.claim.qualifications,
    )


def _mistimed(report: FinishedReport) -> StatusRow:
    return StatusRow(
        verdict=Verdict.TROUBLE,
        standing=Standing.MISTIMED,
        subject=report.subject,
        folder=report.folder,
        finished=report.finished,
        age=None,
        deciding=report.deciding,
        reason="The time at which the report says that it was finished is in the future, so its age is unknown.",
        older=0,
        outcomes=report.outcomes,
    )


def _missing(report: LostReport) -> StatusRow:
    return StatusRow(
        verdict=Verdict.TROUBLE,
        standing=Standing.MISSING,
        subject=None,
        folder=report.folder,
        finished=None,
        age=None,
        deciding="",
        reason=f"{report.reason} What to do: {report.hint}.",
        older=0,
        outcomes=(),
    )


def _summary(rows: list[StatusRow]) -> str:
    if not rows:
        return "There is no report here yet."
    counts = {
        "failed": sum(row.verdict is Verdict.FAIL for row in rows),
        "stale": sum(row.standing is Standing.STALE for row in rows),
        "missing or unreadable": sum(row.standing is Standing.MISSING for row in rows),
        "with an impossible time": sum(row.standing is Standing.MISTIMED for row in rows),
        "in trouble": sum(row.verdict is Verdict.TROUBLE and row.standing is Standing.FRESH for row in rows),
        "passed": sum(row.verdict is Verdict.PASS for row in rows),
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"Of {len(rows)} {'subjects' if len(rows) > 1 else 'subject'}: {told}."


def _row_fields(row: StatusRow) -> dict[str, Any]:
    subject = row.subject
    return {
        "verdict": row.verdict,
        "qualifications": row.qualifications,
        "standing": row.standing,
        "subject": None if subject is None else subject.fields(),
        "folder": row.folder,
        "finished": None if row.finished is None else rfc3339(row.finished.timestamp()),
        "age_seconds": None if row.age is None else int(row.age.total_seconds()),
        "deciding": row.deciding or None,
        "reason": row.reason,
        "older_reports": row.older,
    }
