"""Makes the documentation site (`make site`): gathers the pages, makes those that follow from the code, checks links.

The pages are copied to `build/site-source` under the names of `SOURCES`; links between them are made to fit, a link to
another file of the repository becomes its name. A link to a file that is not there ends the build.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from check import faults
from commands import commands_page
from pages import pages
from reference import reference
from sphinx.cmd.build import build_main
from stories import stories

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCE = ROOT / "build" / "site-source"
SITE = ROOT / "build" / "site"

# What a reader can follow: the files of the repository, and where they are in the site.
ELSEWHERE = {
    "docs/site/index.md": "index.md",
    "params/README.md": "parameters.md",
    "reports/README.md": "reports.md",
    "docs/schemas/README.md": "schemas/index.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",
}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def sources() -> dict[str, str]:
    """Each page of the repository that is in the site, and its place there."""
    found = {
        str(path.relative_to(ROOT)): str(path.relative_to(ROOT / "docs"))
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if "site" not in path.relative_to(ROOT).parts
    }
    return {**found, **ELSEWHERE}


def fitted(text: str, home: str, places: dict[str, str]) -> str:
    """The page with links that lead somewhere from its place in the site.

    Args:
        home: its path in the repository.
        places: of every page, as `sources` gives them.
    """

    def one(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        path, hash_mark, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", target):
            return match[0]
        wanted = os.path.normpath(os.path.join(os.path.dirname(home), path))
        if not (ROOT / wanted).exists():
            sys.exit(f"{home}: there is no {target}")
        wanted = {"docs/schemas": "docs/schemas/README.md", "docs/adr": "docs/adr/index.md"}.get(
            wanted, wanted
        )
        if wanted in places or wanted.startswith(("docs/schemas/", "docs/pictures/")):
            here = os.path.dirname(places[home])
            there = places.get(wanted, wanted.removeprefix("docs/"))
            return f"{picture}[{words}]({os.path.relpath(there, here or '.')}{hash_mark}{anchor})"
        return words if words.startswith("`") else f"`{words}`"

    # What stands between fences is no link.
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else LINK.sub(one, part) for part in parts)


def adr_index(folder: Path) -> str:
    """A page that lists the decisions of the builders."""
    names = "\n".join(path.stem for path in sorted(folder.glob("0*.md")))
    return f"# Why things are as they are\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"


def gather() -> None:
    """Fills `SOURCE` with every page, picture and schema."""
    stale = [
        str(path.relative_to(ROOT))
        for path, text in pages().items()
        if path.read_text(encoding="utf-8") != text
    ]
    if stale:
        sys.exit(f"{', '.join(stale)}: not what the code says any more; run `make pages`")
    shutil.rmtree(SOURCE, ignore_errors=True)
    places = {**sources(), "docs/adr/index.md": "adr/index.md"}
    for home, place in places.items():
        if home in {"README.md", "docs/adr/index.md"}:
            continue
        text = (ROOT / home).read_text(encoding="utf-8")
        _write(place, fitted(text, home, places))
    _write("adr/index.md", adr_index(ROOT / "docs" / "adr"))
    _write("commands.md", commands_page())
    _write("stories.md", stories())
    for name, text in reference().items():
        _write(f"reference/{name}.md", text)
    for pattern in ("pictures/*.png", "schemas/*.json"):
        for path in (ROOT / "docs").glob(pattern):
            target = SOURCE / path.relative_to(ROOT / "docs")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def _write(place: str, text: str) -> None:
    target = SOURCE / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def main() -> None:
    """Makes the site anew, or says what is wrong with it."""
    gather()
    shutil.rmtree(SITE, ignore_errors=True)
    doctrees = str(SOURCE.parent / "site-doctrees")
    # Every warning is an error: a link, an anchor, a page that no menu leads to.
    options = ["-q", "-W", "--keep-going", "-E", "-b", "html", "-c", str(HERE), "-d", doctrees]
    if status := build_main([*options, str(SOURCE), str(SITE)]):
        sys.exit(status)
    if found := faults(SITE):
        sys.exit("\n".join(found))
    print(f"{SITE.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    main()
