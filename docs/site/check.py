"""What is wrong with a finished site: links and anchors that lead nowhere, and whatever another host would serve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Where a page loads something by itself; an <a> waits for its reader.
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
STYLE_LOADS = re.compile(r"url\(\s*['\"]?(https?:)?//|@import")


class _Page(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what a tag names and leads to."""
        values = {name: value or "" for name, value in attrs}
        self.ids.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if (
            tag in LOADED
            and LOADED[tag] in values
            and values.get("rel") not in {"canonical", "index", "search"}
        ):
            self.loads.append(values[LOADED[tag]])


def faults(site: Path) -> list[str]:
    """One line for each fault of the site in this folder; none is good."""
    read = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = [fault for path, page in read.items() for fault in _of(path, page, read, site)]
    found += [
        f"{path.relative_to(site)}: loads something from elsewhere"
        for path in sorted(site.rglob("*.css"))
        if STYLE_LOADS.search(path.read_text(encoding="utf-8"))
    ]
    return found


def _of(path: Path, page: _Page, read: dict[Path, _Page], site: Path) -> Iterator[str]:
    name = path.relative_to(site)
    for address in page.loads:
        if urlsplit(address).netloc:
            yield f"{name}: loads {address}"
    for address in (*page.links, *page.loads):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            yield f"{name}: {address} leads nowhere"
        elif (
            parts.fragment
            and target in read
            and unquote(parts.fragment) not in read[target].ids | {"", "top"}
        ):
            yield f"{name}: {address}: there is no such place on the page"
