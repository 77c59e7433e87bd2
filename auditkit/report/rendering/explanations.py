"""The measurements of a proposal that were not computed, by what they are, and what to do about each kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditkit.report.document import AuditDocument
from auditkit.report.measurement_records import OverlapRecord

# How `auditkit.pipeline.steps.overlap` and `auditkit.sev.explanation` begin the two sentences that lead somewhere.
_OTHER_RELEASE: Final = re.compile(r"This is a measurement of another release, ([0-9a-f]{40}) \(")
_OTHER_VCPUS: Final = re.compile(
    r"This is [^;]{1,80} started with ([1-9][0-9]{0,3}) vCPUs? of type [A-Za-z0-9_-]{1,40} on line "
    r"[A-Za-z0-9_]{1,40}; releases are measured with "
)


@dataclass(frozen=True, slots=True)
class Explained:
    """Measurements that one sentence explains.

    Attributes:
        text: the sentence; of a report that others wrote it is their text.
        measurements: hex, in the order of the proposal.
    """

    text: str
    measurements: tuple[str, ...]

    @property
    def release(self) -> str:
        """The other release that they belong to, 40 hex digits, or nothing."""
        found = _OTHER_RELEASE.match(self.text)
        return found[1] if found else ""

    @property
    def vcpus(self) -> str:
        """The other number of vCPUs that they were made with, if nothing else is unusual about them, or nothing."""
        found = _OTHER_VCPUS.match(self.text)
        return found[1] if found else ""

    @property
    def amount(self) -> str:
        """How many, for the beginning of a line."""
        return "one" if len(self.measurements) == 1 else f"all {len(self.measurements)}"


def explained(document: AuditDocument, relation: str) -> tuple[Explained, ...]:
    """The rows of one relation, those that one sentence explains together, in their first order."""
    told: dict[str, list[str]] = {}
    for row in document.overlap:
        if row.relation == relation:
            told.setdefault(row.explanation or "No explanation.", []).append(row.measurement)
    return tuple(Explained(text, tuple(rows)) for text, rows in told.items())


def advice_on_unexplained(document: AuditDocument) -> Iterator[str]:
    """What to do about the measurements that were not computed, a sentence or two for each kind."""
    found = explained(document, "blessed-only")
    for release in dict.fromkeys(one.release for one in found if one.release):
        if document.subject.kind == "election":
            yield f"Ask the proposer: these are measurements of another release, {release}."
            continue
        yield (
            f"The measurements fit release {release}. If the proposal names that one, audit again with "
            f"`-p base_version={release}`."
        )
    counts = list(dict.fromkeys(one.vcpus for one in found if one.vcpus))
    if counts:
        usual = [str(count) for count in dict.fromkeys(_computed_vcpus(document))]
        wanted = ",".join(sorted({*usual, *counts}, key=int))
        yield (
            f"Ask which machines have {' or '.join(counts)} vCPUs. If that is right, audit again with "
            f"`-p 'vcpus=[{wanted}]'`; a PASS is a qualified one then."
        )
    rest = [one for one in found if not one.release and not one.vcpus]
    unknown = [measurement for one in rest for measurement in one.measurements]
    if unknown:
        more = f" and {len(unknown) - 1} more are" if len(unknown) > 1 else " is"
        yield f"Ask the proposer what {unknown[0][:16]}…{more}."


def _computed_vcpus(document: AuditDocument) -> Iterator[int]:
    """The numbers of vCPUs that the proposal blesses and we computed."""
    for row in document.overlap:
        if row.blessed is not None and row.computed is not None:
            yield row.computed.vcpus


def exchanged_label(document: AuditDocument, row: OverlapRecord) -> str:
    """Which other command line of the release a wrong label describes: its name, or nothing."""
    if row.relation != "metadata-differs" or row.blessed is None or row.computed is None:
        return ""
    lines = document.measured.command_lines if document.measured is not None else ()
    return next(
        (
            line.name
            for line in lines
            if line.value == row.blessed.kernel_cmdline and line.name != row.computed.boot_args
        ),
        "",
    )
