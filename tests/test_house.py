"""The house rules that a linter of imports does not know (docs/architecture.md)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import auditkit

PACKAGE = Path(auditkit.__file__).parent
WINGS = sorted(
    path.name
    for path in PACKAGE.iterdir()
    if (path / "__init__.py").is_file() and path.name not in {"progress", "params", "notebooks"}
)
MODULES_ON_ONE_LEVEL = 15
VAGUE = {"utils", "helpers", "common", "misc"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def behind_the_door(module: str, own_wing: str) -> bool:
    """Whether ``module`` is one inside another wing, and no package that exports its public names."""
    parts = module.split(".")
    if len(parts) < 3 or parts[0] != "auditkit" or parts[1] not in WINGS or parts[1] == own_wing:
        return False
    return not PACKAGE.joinpath(*parts[1:]).is_dir()


@pytest.mark.parametrize(
    ("module", "own", "behind"),
    [
        ("auditkit.ic.candid_types", "report", True),
        ("auditkit.ic.principal", "ic", False),
        ("auditkit.sev.attestation", "audit", False),
        ("auditkit.ic", "report", False),
        ("auditkit.limits", "report", False),
        ("json.decoder", "report", False),
    ],
)
def test_what_is_behind_the_door(module, own, behind):
    assert behind_the_door(module, own) is behind


def test_other_wings_take_what_a_wing_exports():
    around = [
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for module in imports_of(path)
        if behind_the_door(module, path.relative_to(PACKAGE).parts[0])
    ]
    assert around == []


def test_no_folder_holds_too_many_modules():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    counts = {
        str(folder.relative_to(PACKAGE)): sum(path.name != "__init__.py" for path in folder.glob("*.py"))
        for folder in folders
    }
    assert len(counts) > 20
    assert {name: count for name, count in counts.items() if count > MODULES_ON_ONE_LEVEL} == {}


def test_no_module_has_a_name_that_says_nothing():
    assert [path for path in PACKAGE.rglob("*.py") if path.stem in VAGUE] == []


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_exports_what_it_says(wing):
    """Every public name is there, and no wing exports by another way than its list."""
    module = __import__(f"auditkit.{wing}", fromlist=["__all__"])
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


STUBS = sorted(PACKAGE.rglob("__init__.pyi"))


def names_of(stub: Path) -> list[str]:
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    return [name.name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names]


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: str(stub.parent.relative_to(PACKAGE)))
def test_a_lazy_package_gives_what_its_stub_says(stub):
    """Whoever loads a module whose name is that of a public name puts the module in the place of the name."""
    package = import_module(".".join(("auditkit", *stub.parent.relative_to(PACKAGE).parts)))
    modules = {path.stem for path in stub.parent.iterdir()}
    assert [name for name in names_of(stub) if name in modules] == []
    assert sorted(names_of(stub)) == sorted(package.__all__)
    assert [name for name in package.__all__ if getattr(package, name, None) is None] == []


def test_every_wing_of_the_product_is_lazy():
    lazy = {str(stub.parent.relative_to(PACKAGE)) for stub in STUBS}
    assert {*WINGS, "progress"} - lazy == {"checks", "cli", "practice"}


def test_a_name_is_loaded_without_its_neighbours():
    """Parameters take types and names from all wings, and need nothing of what these do."""
    program = "import sys; from auditkit.pipeline import Parameters; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"auditkit.pipeline.parameters.parameters", "auditkit.sev.cpu"} <= loaded
    assert (
        loaded
        & {
            "auditkit.pipeline.audit",
            "auditkit.guestos.ext4.reader",
            "auditkit.ic.bls",
            "auditkit.report.rendering.html",
            "auditkit.sev.second_opinions",
            "requests",
        }
        == set()
    )


def test_the_package_shows_and_completes_its_public_names():
    assert set(auditkit.__all__) <= set(dir(auditkit))
    assert [name for name in auditkit.__all__ if getattr(auditkit, name, None) is None] == []
    with pytest.raises(AttributeError, match="has no attribute 'Audti'"):
        _ = auditkit.Audti
