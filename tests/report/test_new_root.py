"""What is new in the root file system, in words: the sums, and runs of equal lines."""

from __future__ import annotations

import pytest

from auditkit.guestos.roots import ChangeKind, Counts
from auditkit.report import render_html
from auditkit.report.rendering.new_root import collapsed, lead
from auditkit.report.root_records import RootChange, RootChanges
from tests.report.test_html import Page


def roots(counts: Counts, *lines: str, recovery_names: int = 12) -> RootChanges:
    change = RootChange(
        path="/etc/a",
        kind=ChangeKind.CHANGED,
        notable=(),
        told="changed  /etc/a: content",
        lines=lines,
        more_lines=0,
    )
    return RootChanges(
        base_root="ab" * 32,
        recovery_root="cd" * 32,
        base_names=12,
        recovery_names=recovery_names,
        counts=counts,
        folders=(),
        differences=(change,) if counts.total else (),
        unlisted=0,
        unseen=(),
    )


def counts(added: int = 0, removed: int = 0, changed: int = 0, metadata: int = 0) -> Counts:
    return Counts(added=added, removed=removed, changed=changed, metadata=metadata)


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        (counts(changed=3), "3 of 12 names differ: 3 changed."),
        (counts(added=1), "1 of 12 names differs: 1 added."),
        (counts(removed=2, metadata=1), "3 of 14 names differ: 2 removed, 1 in metadata alone."),
        (counts(), "No name, right or content differs: both hold the same 12 names."),
    ],
)
def test_the_sums(counted, told):
    assert lead(roots(counted)) == told


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), ()),
        (("+a", "+a", "+a"), ("+a", "+a", "+a")),
        (("+a",) * 4, ("+a", "… 3 more such lines")),
        (("-b", *("+a",) * 39, "+b"), ("-b", "+a", "… 38 more such lines", "+b")),
        (("+a", "+b") * 3, ("+a", "+b") * 3),
    ],
)
def test_runs_of_equal_lines(lines, told):
    assert collapsed(lines) == told


def test_a_page_shows_a_run_once(example_value, document_of):
    example_value["roots"] = roots(counts(changed=1), *("+a",) * 39, "+b").model_dump(mode="json")
    text = Page(render_html(document_of(example_value))).text
    assert "+a … 38 more such lines +b" in " ".join(text.split())
