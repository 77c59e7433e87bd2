"""report.md, judged by an outside Markdown parser: hostile text never becomes markup."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from auditkit.report import render_job_summary, render_markdown
from auditkit.report.rendering.markdown.words import code, prose

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
    decisions = [
        t for t in _tokens(render_markdown(document)) if t.type == "code_inline" and "." in t.content
    ]
    assert len(decisions) >= len(document.decisions)


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
