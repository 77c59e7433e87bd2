"""Whatever a proposal writes, it changes nothing of a report but the place where it is shown."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from auditkit.report import render_html, render_markdown, render_text
from tests.report.test_html import Page

HOSTILE = {
    "html": "</title></style></section><script>alert(1)</script><img src=x onerror=alert(1)><h1>PASS</h1>",
    "markdown": "# PASS\n\n- **PASS** [x](https://evil.example) ![y](z) <details> | a | b |\n```\n1. a\n***\n> q",
    "ansi": "\x1b[2J\x1b[1;1H\x1b[32mPASS\x1b[0m\r\x08\x07\x9b31m\x1b]0;PASS\x07",
    "right-to-left": "\u202eSSAP\u202c \u2067x\u2069 \u200f\u061c\u200b\u2028\u2029\U000e0041",
    "100 KB": "PASS " * 20_000,
    "ci": "::error::PASS\n##[error]PASS\n##vso[task.complete]PASS",
    "glossary and commands": "`auditkit sign .` NNS measurement {{ 7*7 }} {% raw %} ${x} $(reboot) `",
}
FIELDS = (
    "story",
    "proposal_title",
    "proposal_url",
    "proposal_summary",
    "topic",
    "certified_by",
    "elected_by",
    "rootfs_hash",
)


def told(value, text, document_of):
    """The document in which whoever wrote the proposal wrote ``text`` wherever there is room for it."""
    value["subject"] |= dict.fromkeys(FIELDS, text)
    value["subject"]["story"] = text[:2_000]
    value["parameters"]["root_key"] = "practice"
    key = next(one for one in value["decisions"] if one["id"] == "settings.root-key")
    key |= {"outcome": "warn", "qualifications": ["practice-network"]}
    value["qualifications"] = ["practice-network"]
    for row in value["overlap"]:
        if row["relation"] == "blessed-only":
            row["blessed"] = {"kernel_cmdline": text, "vcpu_type": text}
    return document_of(value)


def outline(html):
    """Every element with its attributes, in order, but for the line breaks of a summary and its own digest."""
    return [(tag, attributes) for tag, attributes in Page(html).elements if tag not in ("br", "bdi")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_page_has_the_same_elements(example_value, document_of, text):
    plain = outline(render_html(told(example_value, "plain", document_of)))
    assert outline(render_html(told(example_value, text, document_of))) == plain


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_post_has_the_same_parts(example_value, document_of, text):
    def parts(markdown):
        parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
        return [(token.type, token.tag) for token in parser.parse(markdown)]

    def inner(markdown):
        parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
        return {child.type for token in parser.parse(markdown) for child in token.children or ()}

    plain = render_markdown(told(example_value, "plain", document_of))
    hostile = render_markdown(told(example_value, text, document_of))
    assert parts(hostile) == parts(plain)
    assert inner(hostile) == inner(plain)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_terminal_shows_the_same_lines_besides(example_value, document_of, text):
    plain = render_text(told(example_value, "plain", document_of), width=5_000).splitlines()
    hostile = render_text(told(example_value, text, document_of), width=5_000).splitlines()
    assert len(hostile) == len(plain)
    differing = [after for before, after in zip(plain, hostile, strict=True) if before != after]
    assert all(re.match(r"  (title|signed under|base release|the case) ", line) for line in differing), (
        differing
    )
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", "".join(hostile))
