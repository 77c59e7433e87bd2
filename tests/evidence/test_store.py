"""Evidence in a folder: complete or not at all, and every later change is noticed."""

from __future__ import annotations

import pickle
import shutil
import subprocess
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, NotFoundError, parse_sha256sums, read_evidence, write_evidence
from auditkit.evidence import store as store_module

# SHA-256 of "abc" (FIPS 180-2, appendix B.1)
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def items(tmp_path):
    (tmp_path / "source.bin").write_bytes(b"from a file")
    return [
        Evidence.of_bytes("proposal.cbor", b"abc", "https://icp-api.io"),
        Evidence.of_file(tmp_path / "source.bin", name="boot_args"),
        Evidence("update-img.tar.zst", "0" * 64, 450_000_000, "https://release"),  # digest only
    ]


def test_what_evidence_says(items):
    assert (items[0].sha256, items[0].size, items[0].origin) == (ABC, 3, "https://icp-api.io")
    assert items[1].origin.endswith("source.bin")
    assert items[0].read(3) == b"abc"
    assert items[1].read(100) == b"from a file"
    assert "abc" not in repr(items[0])
    assert pickle.loads(pickle.dumps(items)) == items
    with pytest.raises(SourceError, match="only the digest"):
        items[2].read(3)
    with pytest.raises(EvidenceError, match="larger"):
        items[1].read(3)


def test_a_folder_that_sha256sum_checks(items, tmp_path, program):
    folder = tmp_path / "report" / "evidence"
    write_evidence(folder, items)
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "boot_args", "proposal.cbor"]
    done = subprocess.run(
        [program("sha256sum"), "--strict", "-c", "SHA256SUMS"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "boot_args: OK\nproposal.cbor: OK\n")
    assert folder.stat().st_mode & 0o777 == (tmp_path / "report").stat().st_mode & 0o777
    found = read_evidence(folder)
    assert {name: item.read(100) for name, item in found.items()} == {
        "boot_args": b"from a file",
        "proposal.cbor": b"abc",
    }
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["evidence"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "/a",
        ".hidden",
        "-rf",
        "a b",
        "a\nb",
        "é",
        "x" * 201,
        "SHA256SUMS",
        "a\0",
    ],
)
def test_names_that_are_no_names(name):
    with pytest.raises(ParameterError, match="not a plain file name"):
        Evidence.of_bytes(name, b"", "")


def test_two_of_one_name(items, tmp_path):
    with pytest.raises(ParameterError, match=r"proposal\.cbor.*same name"):
        write_evidence(tmp_path / "evidence", [items[0], items[0]])
    assert not (tmp_path / "evidence").exists()


def test_an_earlier_set_is_replaced_as_a_whole(items, tmp_path):
    folder = tmp_path / "evidence"
    write_evidence(folder, items)
    write_evidence(folder, items[:1])
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "proposal.cbor"]


def test_foreign_files_are_never_removed(items, tmp_path):
    folder = tmp_path / "evidence"
    write_evidence(folder, items)
    (folder / "thesis.odt").write_bytes(b"years of work")
    with pytest.raises(ParameterError, match=r"other files, such as 'thesis\.odt'"):
        write_evidence(folder, items)
    assert (folder / "thesis.odt").exists()
    with pytest.raises(ParameterError, match="is a file"):
        write_evidence(tmp_path / "source.bin", items)


def test_a_failure_leaves_the_earlier_set(items, tmp_path, monkeypatch):
    folder = tmp_path / "evidence"
    write_evidence(folder, items[:1])
    (tmp_path / "source.bin").write_bytes(b"changed since")
    with pytest.raises(EvidenceError, match=r"boot_args: the file changed since"):
        write_evidence(folder, items)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_new", full)
    with pytest.raises(SourceError, match="no space left"):
        write_evidence(folder, items[:1])
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "proposal.cbor"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence", "source.bin"]


def change(folder: Path) -> None:
    (folder / "proposal.cbor").write_bytes(b"abd")


def remove(folder: Path) -> None:
    (folder / "proposal.cbor").unlink()


def add(folder: Path) -> None:
    (folder / "more").write_bytes(b"")


def forget(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()


def link(folder: Path) -> None:
    (folder / "proposal.cbor").unlink()
    (folder / "proposal.cbor").mkdir()


@pytest.mark.parametrize(
    ("tamper", "kind", "message"),
    [
        (change, EvidenceError, f"not the one that was recorded .expected {ABC}"),
        (remove, EvidenceError, "do not name the same files"),
        (add, EvidenceError, "do not name the same files"),
        (forget, SourceError, "no such file"),
        (link, SourceError, "not a regular file"),
        (shutil.rmtree, SourceError, "no such file"),
    ],
)
def test_every_change_is_noticed(items, tmp_path, tamper, kind, message):
    folder = tmp_path / "evidence"
    write_evidence(folder, items)
    tamper(folder)
    with pytest.raises(kind, match=message):
        read_evidence(folder)


def test_errors_of_this_wing_pickle():
    error = NotFoundError("there is nothing", where="http://h")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (NotFoundError, str(error))


def test_sums_in_each_spelling():
    digest, other = "a" * 64, "B" * 64
    text = f"{digest} one\n{other}  two.tar.zst\n{digest} *three\r\n{digest}  ./four\n{digest} ./five\n\n"
    assert parse_sha256sums(text) == {
        "one": digest,
        "two.tar.zst": other.lower(),
        "three": digest,
        "four": digest,
        "five": digest,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "<html>",
        "a" * 63 + " one",
        "a" * 65 + " one",
        "g" * 64 + " one",
        "a" * 64,
        "a" * 64 + " ",
        "a" * 64 + "\tone",
        "a" * 64 + "   one",
        "a" * 64 + " ../one",
        "a" * 64 + " one/two",
        "a" * 64 + " /etc/passwd",
        "a" * 64 + " o\x1bne",
        "a" * 64 + " one\n" + "b" * 64 + " one",
        "a" * 64 + " one\nSHA256 (x) = " + "a" * 64,
        "\\" + "a" * 64 + "  one",
    ],
)
def test_sums_that_are_none(text):
    with pytest.raises(EvidenceError, match="line"):
        parse_sha256sums(text)
