"""Which files a report folder holds, and whether they are those that `audit.json` speaks of."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.audit import POLICIES
from auditkit.decision import Decision, Qualification
from auditkit.digests import SUMS_NAME, format_sha256sums
from auditkit.errors import AuditkitError, SourceError, in_words
from auditkit.limits import LIMITS, Limits
from auditkit.opening import digest_of_file, read_file
from auditkit.report import (
    DOCUMENT_NAME,
    EVIDENCE_NAME,
    HTML_NAME,
    MARKDOWN_NAME,
    NOTEBOOK_NAME,
    SIGNATURES_NAME,
    AuditDocument,
    ReportFolder,
    render_html,
    render_markdown,
    require_real_size,
)
from auditkit.signing import report_checks as checks
from auditkit.signing.line_ends import ONLY_LINE_ENDS, hint, how_changed, unix_line_ends
from auditkit.version import __version__

COMPANION: Final = re.compile(r"report\.statement-[0-9a-f]{16}\.json(?:\.sig)?")
UNREAD: Final = "0" * 64
"""Stands for the digest of a file that was not read, as its size says enough."""

_ENTRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of a report folder, but for its signatures.

    Attributes:
        digests: SHA-256 of each file, by its path in the folder with ``/``; `UNREAD` for evidence of another size
            than `audit.json` says.
        sizes: bytes of each.
        strange: what does not belong into a report folder: other files, links, empty folders, devices, and files
            that are larger than any evidence.
        companions: names of SSH signatures and of the statements that they are over.
    """

    digests: Mapping[str, str]
    sizes: Mapping[str, int]
    strange: tuple[str, ...]
    companions: tuple[str, ...]


def read_folder_files(
    folder: Path, document: AuditDocument | None = None, *, limits: Limits = LIMITS
) -> FolderFiles:
    """Digests of everything in a report folder; links are not followed, and what cannot be of a report is not read.

    Args:
        document: what its `audit.json` says, if that could be read.

    Raises:
        SourceError: something cannot be read, or there are far too many entries.
        EvidenceError: the evidence is larger than a report may hold.
    """
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}
    strange: list[str] = []
    companions: list[str] = []
    try:
        for path in _walk(folder):
            name = path.relative_to(folder).as_posix()
            status = path.lstat()
            of_evidence = name.startswith(f"{EVIDENCE_NAME}/")
            bound = limits.evidence_bytes if of_evidence else limits.report_bytes
            regular = stat.S_ISREG(status.st_mode) and status.st_size <= bound
            if regular and (of_evidence or name in _OWN):
                sizes[name] = status.st_size
            elif regular and COMPANION.fullmatch(name):
                companions.append(name)
            elif not (regular and name == SIGNATURES_NAME):
                strange.append(name)
        evidence = sum(size for name, size in sizes.items() if name.startswith(f"{EVIDENCE_NAME}/"))
        require_real_size(evidence, str(folder / EVIDENCE_NAME))
        told = _listed_sizes(document)
        for name, size in sizes.items():
            listed = told.get(name, None if name.startswith(f"{EVIDENCE_NAME}/") and told else size)
            digests[name] = digest_of_file(folder / name)[0] if size == listed else UNREAD
    except OSError as error:
        raise SourceError(f"the report folder cannot be read: {in_words(error)}", where=str(folder)) from None
    return FolderFiles(digests, sizes, tuple(sorted(strange)), tuple(sorted(companions)))


def _listed_sizes(document: AuditDocument | None) -> dict[str, int]:
    """Bytes of each file of evidence, by its path in the folder; nothing without a document."""
    if document is None:
        return {}
    stored = {record.name: record for record in document.evidence if record.stored}
    sums = format_sha256sums({name: record.sha256 for name, record in stored.items()})
    sizes = {f"{EVIDENCE_NAME}/{name}": record.size for name, record in stored.items()}
    return {**sizes, f"{EVIDENCE_NAME}/{SUMS_NAME}": len(sums.encode())}


_OWN: Final = frozenset({DOCUMENT_NAME, HTML_NAME, MARKDOWN_NAME, NOTEBOOK_NAME})


def _walk(folder: Path) -> Iterator[Path]:
    """Every entry that is not a folder, and every folder that holds none or that is a link."""
    waiting, seen = [folder], 0
    while waiting:
        inside = sorted(waiting.pop().iterdir())
        for path in inside:
            seen += 1
            if seen > _ENTRIES:
                raise SourceError(f"the folder holds more than {_ENTRIES:,} files", where=str(folder))
            if path.is_dir() and not path.is_symlink() and any(path.iterdir()):
                waiting.append(path)
            else:
                yield path


def check_document(report: ReportFolder) -> Decision:
    """Check 1. A document whose verdicts do not follow from its decisions, by the policies that it names, cannot be
    read at all; here it is told which policies those are."""
    policies = report.document.policies
    told = ", ".join(
        f"{policy} {verdict}"
        for policy, verdict in (
            (policies.strict, report.document.verdicts.strict),
            (policies.overlap, report.document.verdicts.overlap),
        )
        if verdict is not None
    )
    current = {policies.strict, policies.overlap} == {policy.id for policy in POLICIES.values()}
    if current:
        return checks.DOCUMENT.passed(told, "The verdicts follow from the decisions.")
    return checks.DOCUMENT.warned(
        told,
        "The verdicts follow from the decisions by the policy that the report names, which is an older one than that "
        "of this auditkit.",
    )


def check_evidence(
    document: AuditDocument, files: FolderFiles, folder: Path, *, limits: Limits = LIMITS
) -> Decision:
    """Check 2."""
    stored = {record.name: record for record in document.evidence if record.stored}
    prefix = f"{EVIDENCE_NAME}/"
    present = {name.removeprefix(prefix): name for name in files.digests if name.startswith(prefix)}
    wanted = {*stored, SUMS_NAME}
    problems = [f"{name} is missing" for name in sorted(wanted - present.keys())]
    problems += [f"{name} is not listed in {DOCUMENT_NAME}" for name in sorted(present.keys() - wanted)]
    for name in sorted(stored.keys() & present.keys()):
        record, path = stored[name], present[name]
        if (files.digests[path], files.sizes[path]) != (record.sha256, record.size):
            how = how_changed(folder / path, record.sha256)
            problems.append(f"{name} was changed{how}")
    if SUMS_NAME in present and not problems:
        sums = format_sha256sums({name: record.sha256 for name, record in stored.items()}).encode()
        if read_file(folder / prefix / SUMS_NAME, limits.answer_bytes) != sums:
            how = how_changed(folder / prefix / SUMS_NAME, sha256(sums).hexdigest())
            problems.append(
                f"{SUMS_NAME} was changed{how}" if how else f"{SUMS_NAME} does not list these files"
            )
    if problems:
        return checks.EVIDENCE.failed(
            _some(problems), f"The evidence is not that of this report.{hint(problems)}"
        )
    return checks.EVIDENCE.passed(f"{len(stored)} files", "The evidence is what the report rests on.")


def check_renderings(document: AuditDocument, folder: Path, *, limits: Limits = LIMITS) -> Decision:
    """Check 3: byte by byte, but where another version of auditkit made the pages, which cannot be compared."""
    check = checks.RENDERINGS
    try:
        html = read_file(folder / HTML_NAME, limits.report_bytes)
        markdown = read_file(folder / MARKDOWN_NAME, limits.report_bytes)
    except AuditkitError as error:
        return check.failed(str(error), "A rendering of the report is missing.")
    wanted_html, wanted_markdown = render_html(document).encode(), render_markdown(document).encode()
    changed = [HTML_NAME] if html != wanted_html else []
    changed += [MARKDOWN_NAME] if markdown != wanted_markdown else []
    if not changed:
        return check.passed(f"{HTML_NAME}, {MARKDOWN_NAME}", "Both say what audit.json says.")
    if document.tool.version != __version__:
        return check.warned(
            f"made by auditkit {document.tool.version}",
            "Another version of auditkit made the pages: whether they say what audit.json says was not checked. Read "
            "audit.json, or verify the report with that version.",
            qualifications=(Qualification.OTHER_VERSION,),
        )
    if (unix_line_ends(html), unix_line_ends(markdown)) == (wanted_html, wanted_markdown):
        told = f"{' and '.join(changed)} changed {ONLY_LINE_ENDS}"
        return check.failed(told, f"They are not as auditkit writes them.{hint([told])}")
    return check.failed(" and ".join(changed), "It does not show what audit.json says.")


def _some(problems: list[str]) -> str:
    more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
    return "; ".join(problems[:5]) + more
