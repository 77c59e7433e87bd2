"""Reports of the practice network, and keys that ssh-keygen makes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from auditkit.pipeline import Parameters, check, write_report
from auditkit.practice import parameter_file
from auditkit.report import AuditDocument, render_html, render_markdown, to_json
from auditkit.signing import load_private_key

OTHER_BASE = "38791c26113f9e9453b32bc7538fc71774ffc922"


@pytest.fixture(scope="session", autouse=True)
def rendered_once() -> Iterator[None]:
    """Hundreds of tests verify the same few reports: of the same document a rendering is the same, and made once."""
    with pytest.MonkeyPatch.context() as patch:
        for name, render in (("render_html", render_html), ("render_markdown", render_markdown)):
            patch.setattr(f"auditkit.signing.folder_files.{name}", remembering(render))
        yield


def remembering(render: Callable[[AuditDocument], str]) -> Callable[[AuditDocument], str]:
    """``render``, which renders equal documents once."""
    known: dict[bytes, str] = {}

    def rendered(document: AuditDocument) -> str:
        key = sha256(to_json(document)).digest()
        if key not in known:
            known[key] = render(document)
        return known[key]

    return rendered


def audited(name: str, folder: Path, *overrides: str) -> Path:
    """The report folder of a scenario, with a notebook in it as `auditkit audit` leaves one."""
    document, evidence = check(Parameters.from_file(parameter_file(name), overrides))
    write_report(document, evidence, folder)
    (folder / "audit.ipynb").write_text('{"cells": []}\n')
    return folder


class Reports(dict[str, Path]):
    """Report folders by scenario; each is made when it is asked for first."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def __missing__(self, name: str) -> Path:
        if name == "another base":
            made = audited("honest", self.root / "other", f"base_version={OTHER_BASE}")
        else:
            made = audited(name, self.root / name)
        return self.setdefault(name, made)


@pytest.fixture(scope="session")
def reports(tmp_path_factory) -> Reports:
    """Unsigned report folders by scenario, and one of ``another base``; copy before you write."""
    return Reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def report(reports, tmp_path) -> Path:
    return Path(shutil.copytree(reports["honest"], tmp_path / "report"))


@dataclass(frozen=True)
class Key:
    """A key pair on disk."""

    path: Path
    public_line: str

    @property
    def keyid(self) -> str:
        shown = subprocess.run(["ssh-keygen", "-lf", self.path], capture_output=True, text=True, check=True)
        return shown.stdout.split()[1]

    def signer(self):
        return load_private_key(self.path, lambda _: pytest.fail("no passphrase was expected"))


@pytest.fixture(scope="session")
def new_key(program, tmp_path_factory):
    """A function that makes a key pair with ssh-keygen."""
    keygen = program("ssh-keygen")
    root = tmp_path_factory.mktemp("keys")

    def make(name: str, kind: str = "ed25519", passphrase: str = "", *more: str) -> Key:
        path = root / name
        if not path.exists():
            command = [keygen, "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(path), *more]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return Key(path, path.with_name(f"{name}.pub").read_text().strip())

    return make


@pytest.fixture(scope="session")
def alice(new_key) -> Key:
    return new_key("alice")


@pytest.fixture(scope="session")
def bob(new_key) -> Key:
    return new_key("bob")


@pytest.fixture
def signing_again(monkeypatch) -> None:
    """A key may sign a report again, as it could in older versions, whose reports have to be judged as well."""
    for module in ("sign", "companion"):
        monkeypatch.setattr(f"auditkit.signing.{module}.require_unsigned", bundle_of)


def bundle_of(folder: Path, *_: object) -> bytes:
    """The bundle that is there, whoever signed it."""
    place = folder / "report.intoto.jsonl"
    return place.read_bytes() if place.exists() else b""


@pytest.fixture
def trust_file(tmp_path, alice, bob) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text(f"alice@example.org {alice.public_line}\nbob@example.org {bob.public_line}\n")
    return path
