"""The page of each practice scenario in a real browser: answered, linked, folded, readable, and alone."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from auditkit.decision import Outcome
from auditkit.pipeline import Audit
from auditkit.practice.scenarios import scenarios
from auditkit.report import AuditDocument, render_html, what_now
from tests.judges.conftest import installed

AXE = "axe-core@4.14.1"
WIDTHS = (360, 390, 768, 1280, 1920)
FEW = ("unexplained", "missing-release", "election-open")
MORE = (
    "honest", "labels-swapped", "base-16-vcpus", "tampered-certificate", "no-such-proposal", "vote-open",
    "recovery-extra-file", "node-debug", "not-elected", "election-no-measurements",
)  # fmt: skip


def every(more: tuple[str, ...] = ()) -> list:
    """Every scenario, of which `make test` runs ``FEW`` alone and the gate ``more``, too."""
    return [
        pytest.param(name, marks=pytest.mark.gate if name in more else pytest.mark.thorough)
        if name not in FEW
        else name
        for name in (one.name for one in scenarios())
    ]


@functools.cache
def document_of(name: str) -> AuditDocument:
    return Audit.named(f"practice:{name}").document


@pytest.fixture(scope="module")
def axe():
    return (installed(AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def pages(browser):
    """A page that runs no scripts, as the page's own policy has it, and one that runs ours."""
    contexts = [browser.new_context(java_script_enabled=ours, bypass_csp=ours) for ours in (False, True)]
    both = [context.new_page() for context in contexts]
    for page in both:
        page.on("request", lambda request: request.frame.page.requests.append(request.url))
    return both


@pytest.fixture
def opened(pages, tmp_path):
    """A function that opens a report, by default without scripts; the next one takes its place."""

    def show(html: str, *, scripts: bool = False):
        file: Path = tmp_path / "report.html"
        file.write_text(html)
        page = pages[scripts]
        page.set_viewport_size({"width": 1280, "height": 720})
        page.emulate_media(media="null", color_scheme="light")
        page.requests = []
        page.goto(file.as_uri())
        return page

    return show


def leads_nowhere(page) -> list[str]:
    """Where links within a page lead, but for the ids that one element has; all in one question to the browser."""
    links = page.evaluate(
        "Array.from(document.querySelectorAll(`a[href^='#']`), it => it.getAttribute('href'))"
    )
    ids = page.evaluate("Array.from(document.querySelectorAll('[id]'), it => it.id)")
    assert links
    return [link for link in links if ids.count(link[1:]) != 1]


def found_by_axe(page, axe: str) -> list[list[str]]:
    """What breaks a rule of axe, on a light screen and, where colours decide, on a dark one."""
    page.evaluate(axe)
    found = []
    for scheme, options in (("light", "{}"), ("dark", "{runOnly: ['color-contrast', 'link-in-text-block']}")):
        page.emulate_media(color_scheme=scheme)
        found += page.evaluate(
            f"axe.run({options}).then(result => result.violations.map(v => [v.id, v.nodes[0].html]))"
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", every(MORE))
def test_the_first_screen_answers_and_every_link_leads_somewhere(opened, name):
    document = document_of(name)
    page = opened(render_html(document))
    page.set_viewport_size({"width": 1280, "height": 860})
    lead = page.locator(".lead-answer")
    assert lead.inner_text() == what_now(document).lead
    assert lead.bounding_box()["y"] + lead.bounding_box()["height"] < 860
    assert page.locator(".verdict .word").inner_text() == document.claim.heading
    assert leads_nowhere(page) == []
    assert page.requests == [page.url]


@pytest.mark.slow
@pytest.mark.parametrize("name", every(MORE))
def test_nothing_sticks_out_sideways(opened, name):
    page = opened(render_html(document_of(name), for_print=True))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
@pytest.mark.parametrize("name", every())
def test_axe_finds_nothing(opened, axe, name):
    page = opened(render_html(document_of(name), for_print=True), scripts=True)
    assert found_by_axe(page, axe) == []


@pytest.mark.slow
def test_axe_would_find_something(opened, axe):
    """A page without its language, and a colour that cannot be read on a dark screen alone."""
    dim = "<style>@media (prefers-color-scheme: dark) { .lead-answer { color: #222 !important } }</style>"
    html = render_html(document_of("honest")).replace('<html lang="en">', "<html>")
    found = found_by_axe(opened(html.replace("</head>", f"{dim}</head>"), scripts=True), axe)
    assert [rule for rule, _ in found] == ["html-has-lang", "color-contrast"]


def shown(page) -> list[str]:
    """The ids of the decisions that a reader sees."""
    rows = page.locator(".decisions tbody tr, .unanswered li[id]")
    return rows.evaluate_all(
        "all => all.filter(row => row.checkVisibility({visibilityProperty: true})).map(row => row.id)"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["unexplained", *(pytest.param(name, marks=pytest.mark.gate) for name in ("missing-release", "honest"))],
)
def test_what_failed_and_what_warns_is_seen_at_once_and_the_rest_by_the_filter(opened, name):
    document = document_of(name)
    page = opened(render_html(document))
    outcomes = {decision.id: decision.outcome for decision in document.decisions}
    pressing = [one for one, outcome in outcomes.items() if outcome in (Outcome.FAIL, Outcome.WARN)]
    assert set(pressing) <= set(shown(page))
    assert not [one for one in shown(page) if outcomes[one] is Outcome.PASS]
    for filter_, wanted in (("fail", "fail"), ("warn", "warn"), ("pass", "pass"), ("skip", "skip")):
        page.locator(f"#show-{filter_}").check()
        assert sorted(shown(page)) == sorted(one for one, outcome in outcomes.items() if outcome == wanted)
    page.locator("#show-all").check()
    assert set(pressing) <= set(shown(page))


@pytest.mark.slow
def test_a_link_into_what_is_folded_unfolds_it(opened):
    page = opened(render_html(document_of("honest")))
    row = page.locator('[id="overlap.any"]')
    assert not row.is_visible()
    page.goto(page.url + "#overlap.any")
    assert row.is_visible()


@pytest.mark.slow
def test_on_paper_everything_is_unfolded(opened):
    page = opened(render_html(document_of("honest")))
    page.emulate_media(media="print")
    assert page.locator('[id="overlap.any"]').is_visible()
    assert not page.locator(".filter").is_visible()


@pytest.mark.slow
def test_exchanged_labels_are_drawn_crossed(opened):
    page = opened(render_html(document_of("labels-swapped")))
    lines = [
        [float(line.get_attribute(name)) for name in ("y1", "y2")]
        for line in page.locator(".drawing line").all()
    ]
    assert len(lines) == 6
    assert all(left != right for left, right in lines)
    assert [lines[1], lines[0]] == [lines[0][::-1], lines[1][::-1]]
    assert "BOOT_ARGS_TEE_B instead" in page.locator("main").inner_text()
