"""The page in a real browser: the verdict shows, and hostile text runs nothing."""

from __future__ import annotations

import re
import subprocess
from html import escape
from pathlib import Path

import pytest

from auditkit.report import render_html

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
    "--virtual-time-budget=2000",
)  # fmt: skip
ATTACK = "<script>document.body.id='owned'</script><img src=x onerror=\"document.body.id='owned'\">"


@pytest.fixture
def browse(tmp_path, program):
    """The document that a browser makes of a page, after its scripts, if any, have run."""
    chromium = program("chromium")

    def dump(html: str) -> str:
        page: Path = tmp_path / "report.html"
        page.write_text(html)
        command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    return dump


@pytest.mark.slow
def test_a_browser_shows_the_verdict_and_runs_nothing(browse, hostile):
    html = render_html(hostile)
    dom = browse(html)
    assert '<span class="word">FAIL (another root key)</span>' in dom
    assert 'id="owned"' not in dom
    assert "<title>FAIL (another root key) · proposal 139400 · auditkit</title>" in dom
    assert "<script" not in dom
    assert "<img" not in dom
    # the attack works where nothing stands in its way, so its absence above means something
    bare = f"<!DOCTYPE html><title>x</title><body>{ATTACK}</body>"
    assert 'id="owned"' in browse(bare)
    # and should escaping ever fail, the page's own policy still forbids it
    dom = browse(html.replace("<main>", f"<main>{ATTACK}"))
    assert "<script>" in dom
    assert 'id="owned"' not in dom


@pytest.mark.gate
@pytest.mark.slow
def test_nothing_sticks_out_sideways(browse, hostile):
    """Measured by a script inside the page, for which the page's own policy had to be changed."""
    html = render_html(hostile).replace("default-src 'none'", "default-src 'unsafe-inline'")
    probe = "parent.document.body.dataset['w' + innerWidth] = document.documentElement.scrollWidth"
    page = escape(html.replace("</body>", f"<script>{probe}</script></body>"))
    # a browser window is at least 500 wide, a frame is not
    widths = (360, 390, 1280)
    frames = (f'<iframe style="border:0" width={w} height=90000 srcdoc="{page}"></iframe>' for w in widths)
    dom = browse(f"<!DOCTYPE html><body>{''.join(frames)}</body>")
    assert dict(re.findall(r'data-w(\d+)="(\d+)"', dom)) == {str(w): str(w) for w in widths}
