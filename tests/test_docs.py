"""The project's own pages say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import auditkit
from auditkit.cli import main
from auditkit.decision import Qualification
from auditkit.pipeline import Parameters
from auditkit.report.rendering.glossary import GLOSSARY

DOCS = Path(__file__).parent.parent / "docs"
PACKAGE = Path(auditkit.__file__).parent


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_architecture_names_every_wing_and_every_word_of_the_vocabulary():
    text = page("architecture.md")
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"checks", "progress"}
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == packages
    vocabulary = re.search(r"may import the vocabulary: (.*?)\. The vocabulary", text, re.DOTALL)
    assert vocabulary is not None
    modules = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}
    assert set(re.findall(r"`(\w+)`", vocabulary[1])) == modules | {"checks", "progress"}


def test_the_contracts_name_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = re.findall(
        r"^  ([a-z][a-z-]+)  ", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE
    )
    assert len(listed) > 15
    assert sorted(set(re.findall(r"^\| `auditkit ([a-z-]+)", page("contracts.md"), re.MULTILINE))) == sorted(
        listed
    )


def test_the_contracts_name_every_parameter():
    section = page("contracts.md").partition("## Parameters")[2].partition("## ")[0].partition("`output_dir`")
    names = re.findall(r"`([a-z0-9_]+)`", section[0] + section[1])
    assert [name for name in names if name in Parameters.model_fields] == list(Parameters.model_fields)


def test_the_page_of_qualifications_names_each():
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page("qualifications.md"), re.MULTILINE)) == {
        str(one) for one in Qualification
    }


def test_the_glossary_is_the_one_of_the_reports():
    words = " ".join(page("glossary.md").split())
    assert [
        word for word, meaning in GLOSSARY if f"**{word}**: {' '.join(meaning.split())}" not in words
    ] == []
