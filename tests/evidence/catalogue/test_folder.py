"""A folder that somebody handed over: whatever is in it, it ends in a typed error or is told."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from election_world import ROOT_KEY, version_of

from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.evidence.catalogue.folder import read_folder
from auditkit.limits import LIMITS


def told(shelf) -> dict[str, str]:
    return {one.name: one.reason for one in read_folder(shelf.folder).unverified}


@pytest.fixture
def full(shelf):
    shelf.all()
    return shelf


@pytest.mark.parametrize(
    "name",
    [
        "README",
        "pages/README",
        "pages/newest.cbor",
        "pages/before--1-0123456789abcdef.cbor",
        "pages/before-07-0123456789abcdef.cbor",
        "pages/newest-0123456789abcdeF.cbor",
        "proposals/5.cbor",
        "proposals/05-0123456789abcdef.cbor",
        "proposals/newest-0123456789abcdef.cbor",
        "proposals/12345678901234567-0123456789abcdef.cbor",
        "proposals/5-0123456789abcdef.cbor.request.cbor",
        "proposals/5-0123456789abcdef.cbor\n",
    ],
)
def test_another_name_is_told(full, name):
    (full.folder / name).write_bytes(b"x")
    assert told(full) == {name: "this is no file of a catalogue"}
    assert full.open().complete


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
@pytest.mark.parametrize("suffix", [".cbor", ".request.cbor"])
def test_what_is_not_a_file_is_told(full, make, suffix):
    stem = full.folder / "proposals" / "7-0123456789abcdef"
    for other in (".cbor", ".request.cbor"):
        if other != suffix:
            stem.with_name(stem.name + other).write_bytes(b"x")
    make(stem.with_name(stem.name + suffix))
    begun = time.monotonic()
    assert told(full)[f"proposals/{stem.name}{suffix}"] == "this is not a regular file"
    assert time.monotonic() - begun < 2
    assert full.open().complete


def test_a_link_to_a_good_answer_is_not_followed(full, tmp_path):
    for path in list((full.folder / "proposals").glob("5-*")):
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    assert set(told(full).values()) == {"this is not a regular file"}
    assert full.open().election_of(version_of(5)) is None


def test_a_link_to_a_good_request_is_not_followed(full, tmp_path):
    (path,) = (full.folder / "proposals").glob("5-*.request.cbor")
    path.rename(tmp_path / path.name)
    path.symlink_to(tmp_path / path.name)
    assert len(told(full)) == 2
    assert full.open().election_of(version_of(5)) is None


def test_a_certificate_without_its_request_is_told(full):
    for path in (full.folder / "proposals").glob("5-*.request.cbor"):
        path.unlink()
    assert list(told(full).values()) == ["the request that it answers is not beside it"]


def test_a_request_without_its_certificate_says_nothing(full):
    (full.folder / "proposals" / "7-0123456789abcdef.request.cbor").write_bytes(b"x")
    assert told(full) == {}


def test_what_a_killed_update_left_says_nothing(full):
    (full.folder / "proposals" / ".7-0123456789abcdef.cbor.0123456789abcdef.part").write_bytes(b"x")
    (full.folder / ".lock").touch()
    assert told(full) == {}


def test_a_huge_file_is_told(full):
    path = full.proposal(5)
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    assert "larger than any real one" in told(full)[f"proposals/{path.name}"]


def test_a_file_that_may_not_be_read_is_told(full):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = full.proposal(5)
    path.chmod(0)
    assert "cannot be read" in told(full)[f"proposals/{path.name}"]


@pytest.mark.parametrize("kind", ["pages", "proposals"])
def test_a_folder_that_is_a_link_is_not_followed(full, kind, tmp_path):
    (full.folder / kind).rename(tmp_path / "elsewhere")
    (full.folder / kind).symlink_to(tmp_path / "elsewhere")
    assert told(full) == {kind: "this is no folder"}
    assert not full.open().complete


def test_more_files_than_any_catalogue_are_refused(full):
    with pytest.raises(EvidenceError, match="more files than any catalogue"):
        read_folder(full.folder, limits=replace(LIMITS, catalogue_files=5))
    read_folder(full.folder, limits=replace(LIMITS, catalogue_files=6))


def test_more_bytes_than_any_catalogue_are_refused(full):
    total = sum(path.stat().st_size for path in full.folder.rglob("*.cbor"))
    with pytest.raises(EvidenceError, match="holds more than any catalogue"):
        read_folder(full.folder, limits=replace(LIMITS, catalogue_bytes=total - 1))
    read_folder(full.folder, limits=replace(LIMITS, catalogue_bytes=total))


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="cannot be read"):
        read_folder(tmp_path / "file")


def test_a_file_that_is_replaced_while_the_folder_is_read(full, monkeypatch):
    """As by an update: what is new is found at the second look."""
    from auditkit.evidence.catalogue import folder

    victim = next((full.folder / "proposals").glob("5-????????????????.cbor"))
    true = folder.read_file

    def replaced(path, limit):
        if path == victim and victim.exists():
            full.proposal(5)
            victim.unlink()
        return true(path, limit)

    monkeypatch.setattr(folder, "read_file", replaced)
    content = read_folder(full.folder)
    assert (len(content.proposals[5]), content.unverified) == (1, ())


def test_a_folder_that_never_stands_still_is_trouble(full, monkeypatch):
    from auditkit.evidence.catalogue import folder
    from auditkit.opening import NoFileError

    def gone(path, limit):
        raise NoFileError("there is no such file")

    monkeypatch.setattr(folder, "read_file", gone)
    with pytest.raises(SourceError, match="changes while it is read"):
        read_folder(full.folder)


def test_no_bytes_end_in_anything_but_a_reason(full):
    """Each file in turn is cut, filled with another, and emptied."""
    files = sorted(full.folder.rglob("*.cbor"))
    for path, other in zip(files, files[1:] + files[:1], strict=True):
        whole = path.read_bytes()
        for bad in (b"", whole[:-1], whole + b"\0", other.read_bytes()):
            path.write_bytes(bad)
            found = full.open()
            try:
                assert not found.complete
                assert found.unverified
            except AuditkitError as error:
                pytest.fail(f"{path.name}: {error}")
        path.write_bytes(whole)
    assert full.open().complete
    assert full.open(ROOT_KEY).unverified == ()
