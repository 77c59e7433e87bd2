"""Writes the committed pages that follow from the code (`make pages`); tests/test_docs.py keeps the two in step.

Committed is what people look up beside a report or a file, also where they read the repository and not the site: the
decisions, the glossary, the parameters. What only repeats `--help` and docstrings is made when the site is (build.py).
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from decisions import catalogue
from parameters import with_tables

from auditkit.report.rendering.glossary import GLOSSARY

ROOT = Path(__file__).resolve().parent.parent.parent


def glossary() -> str:
    """The words of a report, as Markdown."""
    entries = (textwrap.fill(f"**{word}**: {meaning}", 118) for word, meaning in GLOSSARY)
    head = "The words of a report, for a voter who has never seen SEV. Reports carry the same list (`make pages`)."
    return "\n\n".join(("# Glossary", head, *entries)) + "\n"


def pages() -> dict[Path, str]:
    """Each of these pages with what it has to say."""
    parameters = ROOT / "params" / "README.md"
    return {
        ROOT / "docs" / "decisions.md": catalogue(),
        ROOT / "docs" / "glossary.md": glossary(),
        parameters: with_tables(parameters.read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
