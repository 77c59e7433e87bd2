"""Every example in a docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import auditkit

PACKAGE = Path(auditkit.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(("auditkit", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name, monkeypatch):
    monkeypatch.chdir(PACKAGE.parent)
    result = doctest.testmod(importlib.import_module(name), verbose=False)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_library_and_its_wings_have_examples():
    wanted = {
        "auditkit",
        "auditkit.ic",
        "auditkit.guestos",
        "auditkit.sev",
        "auditkit.trust",
        "auditkit.pipeline",
    }
    assert wanted <= set(WITH_EXAMPLES)
