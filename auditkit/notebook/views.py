"""Tables for the pages of a notebook: few columns, whole texts, nothing that a proposer wrote taken as HTML."""

from __future__ import annotations

import html
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd
from pandas.io.formats.style import Styler

from auditkit.audit import short_chip
from auditkit.display import one_line
from auditkit.notebook.box import Box, verdict_box
from auditkit.notebook.figures import Drawing, outcomes_drawing
from auditkit.report.rendering import build_facts, check_and_reason, machine_rows, short_principal
from auditkit.sev import LaunchMeasurement

if TYPE_CHECKING:
    from auditkit.audit import ElectedRelease, Overlap
    from auditkit.batch import Status
    from auditkit.evidence import Evidence
    from auditkit.guestos import BootArgs, TreeComparison
    from auditkit.guestos.roots import RootComparison
    from auditkit.ic import BlessAlternativeGuestOsVersion, BlessedMeasurement
    from auditkit.ic.registry import ChipsInRegistry
    from auditkit.pipeline import Audit
    from auditkit.report import BuildRecord
    from auditkit.sev.attestation import AttestationReport
    from auditkit.signing import ReportVerification

_TEXT: Final = 600  # characters of one cell
_SHORT: Final = 14  # characters of the longest text in a narrow column


def blessed(bless: BlessAlternativeGuestOsVersion | None) -> Styler:
    """The blessed measurements as the proposal labels them; empty when no proposal is authentic."""
    entries = bless.base_guest_launch_measurements if bless else ()
    rows = [(e.measurement.hex(), _label_text(e.vcpu_type), _label_text(e.kernel_cmdline)) for e in entries]
    return _view(("blessed measurement", "label: CPU type", "label: kernel command line"), rows)


def proposed(measurements: Iterable[BlessedMeasurement] | None) -> Styler:
    """The measurements that an election proposal gives, as it labels them; empty when no proposal is authentic."""
    rows = [
        (e.measurement.hex(), _label_text(e.vcpu_type), _label_text(e.kernel_cmdline))
        for e in measurements or ()
    ]
    return _view(("measurement in the proposal", "label: CPU type", "label: kernel command line"), rows)


def certified(measurements: Iterable[BlessedMeasurement] | None, release: ElectedRelease | None) -> Styler:
    """One row per measurement of the proposal: whether the NNS certified it as one of the release that it elected."""
    elected = {e.measurement for e in release.measurements or ()} if release else set()
    name = release.version[:12] if release else ""
    rows = [
        (e.measurement.hex(), f"one of release {name}" if e.measurement in elected else "not certified")
        for e in measurements or ()
    ]
    return _view(("measurement in the proposal", "what the NNS certified"), rows)


def recovery(bless: BlessAlternativeGuestOsVersion | None) -> Styler:
    """Which chips may open which recovery root file system."""
    rows: list[tuple[object, ...]] = []
    if bless:
        rows = [("recovery root hash", bless.rootfs_hash), *(("chip id", c.hex()) for c in bless.chip_ids)]
    return _view(("what", "value"), rows)


def evidence(items: Iterable[Evidence]) -> Styler:
    """Names, digests and origins of files."""
    return _view(("file", "sha256", "bytes", "from"), [(i.name, i.sha256, i.size, i.origin) for i in items])


def command_lines(boot_args: BootArgs | None) -> Styler:
    """Every kernel command line of the base release."""
    lines = boot_args.lines.values() if boot_args else ()
    return _view(("line of boot_args", "kernel command line"), [(line.name, line.text) for line in lines])


def measurements(computed: Iterable[LaunchMeasurement]) -> Styler:
    """The computed measurements, one row per setting."""
    rows = [(m.vcpu_type, m.vcpus, m.boot_args, m.measurement.hex()) for m in computed]
    return _view(("CPU type", "vCPUs", "command line", "computed measurement"), rows)


def overlap(rows: Iterable[Overlap]) -> Styler:
    """One row a measurement: its relation, the label beside it, the setting it belongs to, and what it is."""
    return _view(
        ("relation", "measurement", "label", "setting of the base release", "explanation"),
        [
            (r.relation.in_words, r.measurement.hex(), _label(r), _setting(r), r.explanation or "")
            for r in rows
        ],
    )


def verdict(audit: Audit) -> Box:
    """The verdict in a box, why it is that, and what to do now."""
    return verdict_box(audit.document)


def side_by_side(**audits: Audit) -> Styler:
    """One row for each check on which audits differ, one column for each audit, by the names that they are given."""
    made = [
        {decision.number: decision for step in audit.steps for decision in step.decisions}
        for audit in audits.values()
    ]
    rows: list[tuple[object, ...]] = []
    for number in sorted({number for one in made for number in one}):
        found = [one.get(number) for one in made]
        known = [decision for decision in found if decision is not None]
        if len({decision.outcome for decision in known}) == 1 and len(known) == len(found):
            continue
        told = [f"{d.outcome.symbol} {d.outcome}: {d.observed}" if d else "? not decided" for d in found]
        rows.append((number, known[0].question, *told))
    return _view(("check", "question", *audits), rows)


def signatures(found: ReportVerification) -> Styler:
    """What verifying a signed report found out, one row for each check; above it one sentence that sums them up."""
    rows = [
        (d.number, d.question, f"{d.outcome.symbol} {d.outcome}", d.observed, d.reason)
        for d in found.decisions
    ]
    told = "AUTHENTIC" if found.authentic else f"NOT AUTHENTIC: {found.judgement.verdict}"
    if found.authentic and found.claim is not None:
        told = f"{told}. The report says: {found.claim}"
    view = _view(("check", "question", "outcome", "observed", "why"), rows)
    return view.set_caption(html.escape(one_line(told, _TEXT)))


def tree_differences(trees: TreeComparison | None) -> Styler:
    """One row a path on which the boot trees of a recovery image and its base differ."""
    found = (*trees.differences, *trees.metadata) if trees else ()
    rows = [
        (d.path, d.kind, d.base or "nothing", d.recovery or "nothing", " | ".join(d.excerpt)) for d in found
    ]
    return _view(("path", "difference", "base", "recovery image", "excerpt"), rows)


def attestation(report: AttestationReport | None) -> Styler:
    """What an attestation report states."""
    rows: list[tuple[object, ...]] = []
    if report is not None:
        rows = [*report.facts().items(), ("guest policy in words", str(report.policy))]
    return _view(("field", "value"), rows)


def machines(registry: ChipsInRegistry | None) -> Styler:
    """One row per chip and node: whose machine it is, and where."""
    rows = [
        (
            short_chip(row.chip),
            short_principal(row.node),
            short_principal(row.provider),
            row.place,
            f"{short_principal(row.subnet)} {row.role}".strip(),
            row.since,
        )
        for row in machine_rows(registry)
    ]
    return _view(("chip", "node", "provider", "place", "subnet", "since"), rows)


def build(record: BuildRecord | None) -> Styler:
    """What the attestation says about who built the release; empty when there is none."""
    return _view(("the attestation says", ""), build_facts(record))


def new_root(comparison: RootComparison | None) -> Styler:
    """One row per name on which the root file systems differ, the first 200: what decides what runs first."""
    shown = comparison.differences[:200] if comparison else ()
    rows = [(one.path, str(one.kind), ", ".join(map(str, one.notable))) for one in shown]
    return _view(("name", "what changed", "why it is first"), rows)


def status(found: Status) -> Styler:
    """One row a subject, those that need attention first; above it one sentence that sums them up."""
    rows: list[tuple[object, ...]] = []
    for row in found.rows:
        finished = "" if row.finished is None else f"{row.finished:%Y-%m-%d %H:%M} UTC"
        why = check_and_reason(row.deciding, row.reason)
        rows.append((row.claim, row.subject or "unknown", row.standing, finished, row.folder, why))
    columns = ("verdict", "subject", "standing", "finished", "report", "why")
    return _view(columns, rows).set_caption(html.escape(f"{found.claim}: {found.reason}"))


def outcomes(found: Status) -> Drawing:
    """What each check of each newest report decided, as a picture that reads in black and white too."""
    told = [(row.folder, row.claim.heading, dict(row.outcomes)) for row in found.rows]
    return outcomes_drawing(told)


def _label(row: Overlap) -> str:
    if row.blessed is None:
        return ""
    return _label_text(row.blessed.vcpu_type, "no CPU type")


def _label_text(label: str | None, absent: str = "no label") -> str:
    """A label as a cell shows it; an empty one is not an absent one."""
    return absent if label is None else label or "an empty text"


def _setting(row: Overlap) -> str:
    if not isinstance(row.computed, LaunchMeasurement):
        return ""
    return f"{row.computed.vcpu_type}, {row.computed.vcpus} vCPUs, {row.computed.boot_args}"


def _view(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Styler:
    shown = [[one_line(str(value), _TEXT) for value in row] for row in rows]
    frame = pd.DataFrame(shown, columns=list(columns), dtype="str")
    wide: list[Hashable] = []
    narrow: list[Hashable] = []
    for place, name in enumerate(columns):
        (wide if any(len(row[place]) > _SHORT for row in shown) else narrow).append(name)
    return (
        Styler(frame, escape="html")
        .hide(axis="index")
        .set_table_attributes(
            'class="tex2jax_ignore mathjax_ignore"'
        )  # nothing here is TeX, whatever it says
        .set_properties(None, **{"text-align": "left", "vertical-align": "top"})
        # On a phone a table is moved sideways, and not squeezed.
        .set_properties(wide, **{"overflow-wrap": "anywhere", "min-width": "9em"})
        .set_properties(narrow, **{"white-space": "nowrap"})
        .set_table_styles([{"selector": "th", "props": [("text-align", "left")]}])
    )
