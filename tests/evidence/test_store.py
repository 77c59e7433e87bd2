"""Evidence in a folder: every change since it was recorded is noticed."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import pytest

from auditkit.digests import parse_sha256sums
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, NotFoundError, read_evidence
from auditkit.evidence import store as store_module
from auditkit.limits import LIMITS

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


@pytest.fixture
def folder(tmp_path):
    """A folder of evidence as `sha256sum` describes it."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "proposal.cbor").write_bytes(b"abc")
    (folder / "boot_args").write_bytes(b"from a file")
    boot_args = hashlib.sha256(b"from a file").hexdigest()
    (folder / "SHA256SUMS").write_text(f"{boot_args}  boot_args\n{ABC}  proposal.cbor\n")
    return folder


def test_a_folder_reads_back(folder):
    assert {name: item.read(100) for name, item in read_evidence(folder).items()} == {
        "boot_args": b"from a file",
        "proposal.cbor": b"abc",
    }


def test_a_folder_larger_than_any_evidence_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr(store_module, "digest_of_file", lambda path: pytest.fail(f"read {path}"))
    for name in ("boot_args", "proposal.cbor"):
        os.truncate(folder / name, LIMITS.evidence_bytes // 2 + 1)
    with pytest.raises(EvidenceError, match="larger than that of any real release"):
        read_evidence(folder)


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
def test_every_change_is_noticed(folder, tamper, kind, message):
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
