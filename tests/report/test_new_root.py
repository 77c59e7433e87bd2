"""What is new in the root file system, in words: the sums, and runs of equal lines."""

from __future__ import annotations

import pytest

from auditkit.guestos.roots import (
    ChangeKind,
    ComparedRoot,
    Counts,
    Notable,
    ReasonCount,
    RootComparison,
    RootDifference,
)
from auditkit.report import render_html, render_markdown, render_text
from auditkit.report.rendering.new_root import collapsed, lead, new_inside, parts
from auditkit.report.root_records import RootChange, RootChanges
from tests.report.test_html import Page


def roots(
    counts: Counts, *lines: str, recovery_names: int = 12, settings: tuple[str, ...] = ()
) -> RootChanges:
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
        reasons=(),
        settings=settings,
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


def compared(*groups: tuple[Notable | None, int], uncounted: int = 0) -> RootChanges:
    """The changes of a document where this many names are listed for each reason, and some more are not."""
    differences = tuple(
        RootDifference(
            f"/{reason}/{number}",
            None,
            ChangeKind.ADDED,
            (reason,) if reason else (),
            *((), None, None, None, (), None, None),
        )
        for reason, names in groups
        for number in range(names)
    )
    root = ComparedRoot("ab" * 32, (), (), 9_000, 0, True)
    reasons = tuple(ReasonCount(reason, names + uncounted) for reason, names in groups if reason)
    total = len(differences) + uncounted * len(reasons)
    return RootChanges.of(
        RootComparison(
            root, root, counts(added=total), reasons, (), 0, (), differences, total - len(differences), ()
        )
    )


def test_many_changes_for_one_reason_leave_room_for_the_others():
    found = compared((Notable.PRIVILEGED, 1_000), (Notable.STARTED, 3), (None, 1_000))
    assert [(part.title, part.number) for part in parts(found)] == [
        ("more rights", "1,000, the first 198 listed"),
        ("started by itself", "3"),
        ("all others", "1,000, the first 199 listed"),
    ]
    assert (len(found.differences), found.unlisted) == (400, 1_603)


def test_the_sums_are_of_all_changes_and_not_of_those_that_are_listed():
    found = compared((Notable.KEYS, 1), (None, 2), uncounted=50)
    assert [part.number for part in parts(found)] == ["51, the first 1 listed", "2"]
    assert new_inside(found) == (
        "53 of 9,000 names differ, 51 of them in what runs, with which rights, or whom the system trusts"
    )


@pytest.mark.parametrize(
    ("render", "shown"),
    [
        (render_html, "label none -&gt; &lt;b&gt;x&lt;/b&gt;"),
        (render_text, "The file system itself: label none -> <b>x</b>"),
        (render_markdown, "The file system itself: label none -> `<b>x</b>`"),
    ],
)
def test_a_setting_of_the_file_system_is_told_as_text(render, shown, example_value, document_of):
    found = roots(counts(), settings=("label none -> <b>x</b>",))
    assert new_inside(found) == "no name differs, but settings of the file system do"
    example_value["roots"] = found.model_dump(mode="json")
    assert shown in render(document_of(example_value))
