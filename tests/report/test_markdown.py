"""report.md, judged by an outside Markdown parser: hostile text never becomes markup."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from auditkit.checks import PROVENANCE_CHECKS, ROOT_CHANGES
from auditkit.report import render_job_summary, render_markdown
from auditkit.report.rendering.markdown.words import code, prose, table

FORUM_LIMIT = 32_000  # characters of one post


def _tokens(markdown: str):
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    for token in parser.parse(markdown):
        yield token
        yield from token.children or ()


@pytest.fixture(params=["failing", "passing", "troubled", "hostile"])
def document(request):
    return request.getfixturevalue(request.param)


def test_nothing_but_our_own_markup(document):
    tokens = list(_tokens(render_markdown(document)))
    kinds = {token.type for token in tokens}
    folds = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(
        re.fullmatch(r"<details><summary>[A-Za-z0-9 ,:]+</summary>|</details>", fold) for fold in folds
    )
    assert folds[1::2] == ["</details>"] * (len(folds) // 2)
    assert not {kind for kind in kinds if "html_inline" in kind or "link" in kind or kind == "image"}
    assert not kinds & {"fence", "blockquote_open", "hr", "s_open", "ordered_list_open"}
    headings = [token for token in _tokens(render_markdown(document)) if token.type == "heading_open"]
    assert [token.tag for token in headings].count("h1") == 1
    assert len(headings) <= 8


def test_mentions_links_and_emoji_only_occur_in_code(document):
    for token in _tokens(render_markdown(document)):
        if token.type == "text":
            told = re.sub(r"\b\d\d:\d\d:\d\d\b", "", token.content)  # a time is no emoji
            assert not re.search(r"@|#|\$|://|\bwww\.|\w\.\w{2,}|:\w+:|\[|<", told), told


def test_tables_keep_their_columns(document):
    rows, cells = [], 0
    for token in _tokens(render_markdown(document)):
        if token.type == "tr_open":
            cells = 0
        cells += token.type in {"td_open", "th_open"}
        if token.type == "tr_close":
            rows.append(cells)
    assert set(rows) <= {2, 4}


def numbers_told(markdown: str) -> list[int]:
    """The numbers of the checks that have a row of their own or share one."""
    cells = re.findall(r"^\| ([\d–, ]+) \| `[a-z]+\.", markdown, re.MULTILINE)
    spans = [span.split("–") for cell in cells for span in cell.split(", ")]
    return [number for span in spans for number in range(int(span[0]), int(span[-1]) + 1)]


def test_every_check_is_told_once(document):
    assert sorted(numbers_told(render_markdown(document))) == sorted(one.number for one in document.decisions)


def test_the_checks_of_one_reason_share_a_row(failing):
    reason = "Nobody was asked who built the release (provenance_source is null)."
    made = tuple(check.skipped(reason) for check in PROVENANCE_CHECKS)
    other = ROOT_CHANGES.skipped("No recovery image was given.")
    ids = {check.id for check in (*PROVENANCE_CHECKS, ROOT_CHANGES)}
    left = tuple(one for one in failing.decisions if one.id not in ids)
    whole = failing.model_copy(update={"decisions": (*left, *made[:3], *made[4:], other)})
    told = render_markdown(whole)
    row = "| 67–69, 71–76 | `provenance.attested` and 8 more | ➖ not asked | Nobody was asked who built the release"
    assert row in told
    assert told.count("Nobody was asked who built the release") == 1
    assert "| 77 | `root.changes` | ➖ not asked | No recovery image was given. |" in told


def test_a_post_fits_into_a_forum(document):
    assert len(render_markdown(document)) < FORUM_LIMIT


def test_a_post_fits_even_with_thousands_of_rows(hostile_value, document_of):
    for row in hostile_value["overlap"]:
        if row["blessed"]:
            row["blessed"]["kernel_cmdline"] = None
    hostile_value["overlap"] *= 300
    hostile_value["parameters"]["root_key"] = "\u202e" * 10_000
    assert len(render_markdown(document_of(hostile_value))) < FORUM_LIMIT


def test_the_verdict_and_the_reason_come_first(failing):
    head = render_markdown(failing).splitlines()[:12]
    assert head[0] == "# ❌ FAIL: audit of recovery proposal 139400"
    assert any("Nobody can say what it is." in line for line in head)
    assert any("overlap.explained" in line for line in head)
    assert any("overlap ✅ PASS" in line for line in head)


def test_commands_are_told_in_full(failing):
    code_blocks = [token.content for token in _tokens(render_markdown(failing)) if token.type == "code_block"]
    assert "(cd evidence && sha256sum --check SHA256SUMS)\n" in code_blocks
    assert any("--proposal-id 139400 --stage recover" in block for block in code_blocks)


def test_the_job_summary_is_short(document):
    summary = render_job_summary(document)
    assert len(summary.splitlines()) <= 13 + 4 * len(document.claim.qualifications)
    assert str(document.verdict) in summary.splitlines()[0]


@pytest.mark.parametrize(
    "text",
    [
        "`",
        "``",
        "a`b",
        "`a",
        "a`",
        "|",
        "a|b",
        "\\",
        "a\\",
        "\\|",
        "\\`",
        " ",
        "",
        "<b>",
        "a\nb",
        "*a*",
        "&lt;",
    ],
)
def test_a_code_span_is_one_cell_and_one_span(text):
    markdown = f"| a | b |\n| --- | --- |\n| {code(text)} | end |"
    tokens = list(_tokens(markdown))
    assert sum(token.type == "td_open" for token in tokens) == 2
    assert [token.content for token in tokens if token.type == "text"][-1] == "end"
    spans = [token.content for token in tokens if token.type == "code_inline"]
    assert len(spans) == (1 if text.strip() else 0)


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "evil.example",
        "https://x",
        "#general",
        ":smile:",
        "[a](b)",
        "a\u202eb",
        "<a>",
        "$x$",
        "&lt;",
        "\\*",
        "- a",
        "1. a",
        "+ a",
        "=== a",
        "GH-12",
        ":)",
        ";-)",
    ],
)
def test_a_word_with_anything_special_becomes_code(text):
    assert prose(text).startswith("`")
    assert prose(f"see {text} there").startswith("see ")


@pytest.mark.parametrize("text", ["_a_", "~~a~~", "**a**", "get_proposal_info(1)"])
def test_emphasis_is_disarmed_and_stays_prose(text):
    (paragraph,) = [token for token in _tokens(prose(text)) if token.type == "inline"]
    assert "".join(child.content for child in paragraph.children) == text
    assert {child.type for child in paragraph.children} == {"text"}


def test_plain_prose_stays_prose():
    assert prose("Nobody can say what it is: 1 of 6.") == "Nobody can say what it is: 1 of 6."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in root-comparison.json.", "in `root-comparison.json`."),
        ("a@b, c", "`a@b`, c"),
        ("at evil.example:", "at `evil.example`:"),
        ("x|;", "`x⟨U+007C⟩`;"),
        (".:;,`", "`.:;,⟨U+0060⟩`"),
        ("a -> b", "a -> b"),
        ("a ->b", "a `->b`"),
    ],
)
def test_what_ends_a_word_stands_outside_of_code(text, told):
    assert prose(text) == told


def test_an_empty_cell_is_a_dash():
    assert table(("a", "b"), [(prose(""), prose("*(empty)*"))]).endswith(r"| – | \*(empty)\* |")
