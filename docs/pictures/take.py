"""Takes the pictures of this folder (`make pictures`): the first screen of a report with each verdict, by chromium.

The reports are those of the practice network, made anew, so that times and certificates differ from run to run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from auditkit import Audit
from auditkit.report import render_html

PICTURES = {
    "recovery-pass": ("practice:honest",),
    "recovery-fail": ("practice:unexplained",),
    "recovery-trouble": ("practice:missing-release",),
    "election-pass": ("practice:election-honest",),
    "election-fail": ("practice:election-one-wrong",),
    "election-trouble": ("practice:election-honest", "depth=certificates"),
}
WIDTH, HEIGHT = 1120, 800
COLOURS = 64
LARGEST = 120_000  # bytes
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def take(browser: str, page: Path, picture: Path) -> None:
    """Writes the first screen of a page, in few colours, so that the file stays small."""
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb",
        f"--user-data-dir={page.parent / 'profile'}", f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={picture}",
        page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(picture) as taken:
        few = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


def main() -> None:
    """Takes each picture, and says how large it is."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"one of these programs is needed: {', '.join(BROWSERS)}")
    for name, (what, *overrides) in PICTURES.items():
        picture = Path(__file__).with_name(f"{name}.png")
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "report.html"
            page.write_text(render_html(Audit.named(what, *overrides).document), encoding="utf-8")
            take(browser, page, picture)
        size = picture.stat().st_size
        print(f"{picture.name}\t{size:,} bytes")
        if size > LARGEST:
            sys.exit(f"{picture.name} is larger than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
