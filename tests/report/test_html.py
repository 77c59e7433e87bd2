"""report.html: self-contained, complete, accessible, and deaf to hostile text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from auditkit.report import render_html

FIRST_SCREEN = re.compile(r'<div class="first">.*?</div>\s*(?=<p class="notice"|<section)', re.DOTALL)
VOID = {"meta", "link", "br", "img", "circle", "line", "input", "wbr"}
ELSEWHERE = r"evidence/[A-Za-z0-9._/-]+|https://dashboard\.internetcomputer\.org/(proposal/[0-9]+|release/[0-9a-f]{40})"


class Page(HTMLParser):
    """Elements, attributes and text of a page; `balanced` tells whether every element was closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.balanced = True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture(params=["failing", "passing", "troubled", "hostile"])
def document(request):
    return request.getfixturevalue(request.param)


def test_the_page_loads_nothing_and_runs_nothing(document):
    page = Page(render_html(document))
    assert page.balanced
    assert not page.open
    for tag in (
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "img",
        "audio",
        "video",
        "use",
    ):
        assert page.count(tag) == 0, tag
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        for name in ("src", "srcset", "href", "xlink:href", "action", "style"):
            value = attributes.get(name)
            followed = tag == "a" and name == "href" and re.fullmatch(ELSEWHERE, value or "")
            assert value is None or value.startswith("#") or (tag, value) == ("link", "data:,") or followed, (
                value
            )
        assert tag != "input" or attributes["type"] == "radio"
    policy = next(a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    styles = files("auditkit.report").joinpath("rendering/templates/report.css").read_text()
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_same_document_gives_the_same_page(document):
    assert render_html(document) == render_html(document)


def test_the_first_screen_of_a_fail_says_what_and_why(failing):
    first = Page(FIRST_SCREEN.search(render_html(failing))[0]).text
    for needle in (
        "FAIL",
        "✗",
        "Nobody can say what it is.",
        "check 26, overlap.explained",
        "strict policy",
        "overlap policy",
        "✓ PASS",
        "139400",
        "Bless a recovery GuestOS for 3 nodes of subnet xyz",
        "executed",
        "2026-07-14 09:26:53 UTC",
        failing.subject.base_version,
    ):
        assert needle in first, needle


def test_a_pass_and_a_trouble_read_as_what_they_are(passing, troubled):
    first = Page(FIRST_SCREEN.search(render_html(passing))[0]).text
    assert "PASS" in first
    assert "FAIL" not in first
    first = Page(FIRST_SCREEN.search(render_html(troubled))[0]).text
    assert "TROUBLE" in first
    assert "PASS" not in first
    assert "check 1, certificate.form" in first
    text = Page(render_html(troubled)).text
    assert "The server refused the connection" in text
    assert "check the address and try again" in text
    assert "nothing for the proposal and nothing against it" in text


def test_every_decision_every_measurement_and_every_digest_is_told(failing):
    page = Page(render_html(failing))
    anchors = {attributes.get("id") for _, attributes in page.elements}
    for decision in failing.decisions:
        assert decision.id in anchors
        told = (decision.expected, decision.observed) if decision.outcome != "skip" else ()
        for part in (decision.question, decision.reason, *told):
            assert part in page.text
    for row in failing.overlap:
        assert row.measurement in page.text
        assert row.explanation is None or row.explanation in page.text
    for record in failing.evidence:
        assert record.sha256 in page.text
    assert "kept by digest only" in page.text
    for name, version in failing.tool.libraries.items():
        assert name in page.text
        assert version in page.text
    for chip_id in failing.subject.chip_ids:
        assert chip_id in page.text


def test_the_page_is_accessible(document):
    page = Page(render_html(document))
    assert ("html", {"lang": "en"}) in page.elements
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert page.count("table") == page.count("caption")
    assert all("scope" in attributes for tag, attributes in page.elements if tag == "th")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for target in (attributes.get("aria-labelledby"), (attributes.get("href") or "#").removeprefix("#")):
            assert not target or target == "data:," or target in ids or re.fullmatch(ELSEWHERE, target), (
                target
            )


def test_hostile_text_is_told_but_does_nothing(hostile):
    html = render_html(hostile)
    page = Page(html)
    assert "</title></style><script>document.title='OWNED'" in page.text
    assert "49" not in page.text.split("gnp.exe")[1][:60]  # {{ 7*7 }} stays what it is
    assert "⟨U+202E⟩gnp.exe" in page.text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", html)
    assert "more characters in audit.json" in page.text
    assert len(html) < 400_000, "100 KiB labels are shortened"


def test_who_built_it_is_in_the_navigation_where_it_is_told(failing):
    link = '<a href="#built">Who built it</a>'
    assert link in render_html(failing)
    assert link not in render_html(failing.model_copy(update={"provenance": None}))


def test_an_address_is_parted_where_a_reader_would(failing):
    record = failing.provenance.model_copy(update={"workflow": "https://x/<y>/ci.yml@refs/z", "ref": "a/b@c"})
    html = render_html(failing.model_copy(update={"provenance": record}))
    assert "https://x/<wbr>&lt;y&gt;/<wbr>ci.yml<wbr>@refs/<wbr>z<" in html
    assert ">a/b@c<" in html


def test_a_root_key_other_than_mainnet_s_is_pointed_out(failing, example_value, document_of):
    assert "Not the built-in mainnet key" not in render_html(failing)
    example_value["parameters"]["root_key"] = "practice"
    example_value["qualifications"] = ["other-root-key"]
    html = render_html(document_of(example_value))
    assert "another root key" in html
    assert "--root-key practice" in html
    example_value["parameters"]["root_key"] = "ab" * 133
    assert "Not the built-in mainnet key" in render_html(document_of(example_value))


@pytest.mark.slow
def test_thousands_of_rows_are_bounded(example_value, document_of):
    example_value["overlap"] *= 1_000
    html = render_html(document_of(example_value))
    assert len(html) < 2_000_000
    assert "6500 more rows are in audit.json" in html


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_contrast_meets_wcag_aa(theme):
    styles = files("auditkit.report").joinpath("rendering/templates/report.css").read_text()
    block = re.findall(r":root \{(.*?)\}", styles, re.DOTALL)[theme]
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    pairs = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("paper", "card", "skip-bg")]
    pairs += [
        (ink, f"{tone}-bg") for tone in ("pass", "fail", "warn") for ink in ("ink", "soft", "link", tone)
    ]
    pairs += [(tone, "card") for tone in ("pass", "fail", "warn", "skip")] + [("skip", "skip-bg")]
    pairs += [("ink", "code")]
    for ink, ground in pairs:
        bright, dim = sorted((_luminance(colour[ink]), _luminance(colour[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)
