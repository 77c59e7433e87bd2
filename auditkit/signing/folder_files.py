"""Which files a report folder holds, and whether they are those that `audit.json` speaks of."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.audit import POLICIES, judge
from auditkit.decision import Decision
from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.evidence import SUMS_NAME, digest_of_file, format_sha256sums, read_file
from auditkit.limits import LIMITS
from auditkit.report import AuditDocument, ReportFolder, render_html, render_markdown
from auditkit.report.evidence_folder import EVIDENCE_NAME
from auditkit.report.folder import (
    DOCUMENT_NAME,
    HTML_NAME,
    MARKDOWN_NAME,
    NOTEBOOK_NAME,
    SIGNATURES_NAME,
)
from auditkit.signing import report_checks as checks
from auditkit.version import __version__

COMPANION: Final = re.compile(r"report\.statement-[0-9a-f]{16}\.json(?:\.sig)?")
UNREAD: Final = "0" * 64
"""Stands for the digest of a file that was not read, as its size says enough."""

_ENTRIES: Final = 10_000
_DRAWING: Final = re.compile(rb"<svg.*?</svg>", re.DOTALL)


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


def read_folder_files(folder: Path, document: AuditDocument | None = None) -> FolderFiles:
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
            bound = LIMITS.evidence_bytes if of_evidence else LIMITS.report_bytes
            regular = stat.S_ISREG(status.st_mode) and status.st_size <= bound
            if regular and (of_evidence or name in _OWN):
                sizes[name] = status.st_size
            elif regular and COMPANION.fullmatch(name):
                companions.append(name)
            elif not (regular and name == SIGNATURES_NAME):
                strange.append(name)
        _check_total(sizes, folder)
        told = _told_sizes(document)
        for name, size in sizes.items():
            listed = told.get(name, None if name.startswith(f"{EVIDENCE_NAME}/") and told else size)
            digests[name] = digest_of_file(folder / name)[0] if size == listed else UNREAD
    except OSError as error:
        raise SourceError(
            f"the report folder cannot be read: {(error.strerror or str(error)).lower()}", where=str(folder)
        ) from None
    return FolderFiles(digests, sizes, tuple(sorted(strange)), tuple(sorted(companions)))


def _check_total(sizes: Mapping[str, int], folder: Path) -> None:
    total = sum(size for name, size in sizes.items() if name.startswith(f"{EVIDENCE_NAME}/"))
    if total > LIMITS.evidence_bytes:
        raise EvidenceError(
            "the evidence is larger than that of any real release",
            where=str(folder / EVIDENCE_NAME),
            expected=f"at most {LIMITS.evidence_bytes:,} bytes",
            observed=f"{total:,} bytes",
        )


def _told_sizes(document: AuditDocument | None) -> dict[str, int]:
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
    """Check 1. That the document does not contradict itself was seen when it was read; here it is judged again."""
    document = report.document
    if document.tool.version != __version__:
        return checks.DOCUMENT.warned(
            f"made by auditkit {document.tool.version}",
            "Another version of auditkit made the report, so its verdict was not computed again from its decisions.",
        )
    made = [Decision(**decision.model_dump()) for decision in document.decisions]
    judged = {name: judge(made, policy).verdict for name, policy in POLICIES.items()}
    claimed = {name: getattr(document.verdicts, name) for name in judged}
    told = ", ".join(f"{name} {verdict}" for name, verdict in claimed.items())
    if judged != claimed:
        return checks.DOCUMENT.failed(
            told,
            "The verdicts do not follow from the decisions.",
            expected=", ".join(f"{name} {verdict}" for name, verdict in judged.items()),
        )
    return checks.DOCUMENT.passed(told, "The verdicts follow from the decisions.")


def check_evidence(document: AuditDocument, files: FolderFiles, folder: Path) -> Decision:
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
            problems.append(f"{name} was changed")
    if SUMS_NAME in present and not problems:
        sums = format_sha256sums({name: record.sha256 for name, record in stored.items()}).encode()
        if read_file(folder / prefix / SUMS_NAME, LIMITS.answer_bytes) != sums:
            problems.append(f"{SUMS_NAME} does not list these files")
    if problems:
        return checks.EVIDENCE.failed(_some(problems), "The evidence is not that of this report.")
    return checks.EVIDENCE.passed(f"{len(stored)} files", "The evidence is what the report rests on.")


def check_renderings(document: AuditDocument, folder: Path) -> Decision:
    """Check 3. The drawing in the HTML depends on the version of the drawing library and may differ, with a warning."""
    check = checks.RENDERINGS
    try:
        html = read_file(folder / HTML_NAME, LIMITS.report_bytes)
        markdown = read_file(folder / MARKDOWN_NAME, LIMITS.report_bytes)
    except AuditkitError as error:
        return check.failed(str(error), "A rendering of the report is missing.")
    wanted_html, wanted_markdown = render_html(document).encode(), render_markdown(document).encode()
    if (html, markdown) == (wanted_html, wanted_markdown):
        return check.passed(f"{HTML_NAME}, {MARKDOWN_NAME}", "Both tell what audit.json says.")
    if document.tool.version != __version__:
        return check.warned(
            f"made by auditkit {document.tool.version}",
            "Another version of auditkit made the renderings; that they tell what audit.json says was not checked.",
        )
    changed = [HTML_NAME] if _DRAWING.sub(b"", html) != _DRAWING.sub(b"", wanted_html) else []
    changed += [MARKDOWN_NAME] if markdown != wanted_markdown else []
    if not changed:
        return check.warned(
            f"the drawing in {HTML_NAME} differs",
            "All text is what audit.json says; another version of the drawing library made the figure.",
        )
    return check.failed(" and ".join(changed), "It shows something else than audit.json says.")


def _some(problems: list[str]) -> str:
    more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
    return "; ".join(problems[:5]) + more
