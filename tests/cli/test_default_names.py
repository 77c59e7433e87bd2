"""What is fetched goes into the current folder under a name that says what it is, and into nobody's place."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import in_process

from auditkit import practice
from auditkit.cli.application import default_name

BASE = practice.scenario("honest").base_version
SHORT = BASE[:12]


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


@pytest.fixture
def fetch(network, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(command, *words):
        url = network.release_url_template if command == "fetch-image" else network.url
        key = () if command == "fetch-image" else ("--root-key", "practice")
        return in_process(command, *words, "--url", url, *key, capsys=capsys)

    return run


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name[0] != ".")


@pytest.mark.parametrize(
    ("words", "status", "made"),
    [
        (("fetch-proposal", "900001"), 0, ["proposal-900001.cbor", "proposal-900001.request.cbor"]),
        (
            ("fetch-registry", f"replica_version_{BASE}"),
            0,
            [f"election-{SHORT}.cbor", f"election-{SHORT}.request.cbor"],
        ),
        (("fetch-registry", "no_such"), 1, ["registry-no_such.cbor", "registry-no_such.request.cbor"]),
        (
            ("fetch-registry", "../../etc/passwd"),
            1,
            ["registry-..-..-etc-passwd.cbor", "registry-..-..-etc-passwd.request.cbor"],
        ),
        (("fetch-image", BASE), 0, [f"update-img-{SHORT}.tar.zst"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_name_by_default_and_never_twice(words, status, made, fetch, tmp_path):
    ended, out, _ = fetch(*words)
    assert ended == status
    assert names(tmp_path) == made
    assert all(name in out for name in made)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ended, _, err = fetch(*words)
    assert (ended, "it is there already" in err) == (2, True)
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_link_that_leads_nowhere_is_there_too(fetch, tmp_path):
    (tmp_path / "proposal-900001.cbor").symlink_to(tmp_path / "elsewhere")
    status, _, err = fetch("fetch-proposal", "900001")
    assert (status, "it is there already" in err) == (2, True)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("registry-a/b", "registry-a-b.cbor"),
        ("../x", "x.cbor"),
        ("-rf", "rf.cbor"),
        ("a\x1b[2J\nb", "a-2J-b.cbor"),
        ("x" * 500, "x" * 100 + ".cbor"),
    ],
)
def test_a_name_stays_a_name(text, name):
    assert str(default_name(text, ".cbor")) == name
