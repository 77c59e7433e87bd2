"""Images that cannot be compared, images that change meanwhile, and how often each is read."""

from __future__ import annotations

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from commands import in_process
from guestos.conftest import OFFSET, SALT, UUID

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.roots import compare_roots, first_pass, kept_blocks, source
from auditkit.guestos.verity import digest_blocks
from auditkit.limits import Limits

pytestmark = pytest.mark.slow


@pytest.fixture
def pair(tmp_path, trees, make_root) -> tuple[Path, Path]:
    """Two roots that differ in one file."""
    (trees[1] / "etc/motd").write_text("other\n")
    return make_root(tmp_path / "base.img", trees[0]), make_root(tmp_path / "recovery.img", trees[1])


@pytest.fixture
def packed(pair, pack_root) -> tuple[Path, Path]:
    """The same as update images."""
    return pack_root(pair[0]), pack_root(pair[1])


@pytest.fixture
def passes(monkeypatch) -> list[str]:
    """The files that were passed over, in order."""
    told: list[str] = []
    pieces = source.RootSource.pieces

    def counted(self, blocks=None):
        told.append(self._path.name if blocks is None else f"{self._path.name} again")
        return pieces(self, blocks)

    monkeypatch.setattr(source.RootSource, "pieces", counted)
    return told


def test_each_image_is_read_twice_and_nothing_is_written(pair, passes, tmp_path, monkeypatch):
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    compare_roots(*pair)
    assert passes == ["base.img", "recovery.img", "base.img again", "recovery.img again"]
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_update_image_is_read_twice(packed, passes):
    compare_roots(*packed)
    assert len(passes) == 4


def test_what_lies_in_many_pieces_takes_one_pass_more_without_the_nodes(
    tmp_path, trees, make_root, passes, monkeypatch
):
    for tree in trees:
        with (tree / "usr/lib/pieces").open("wb") as file:
            for number in range(8):
                file.seek(number * 8192)
                file.write(f"{tree.name} {number}".encode())
    pair = make_root(tmp_path / "base.img", trees[0]), make_root(tmp_path / "recovery.img", trees[1])
    found = compare_roots(*pair)
    assert (len(passes), found.counts.changed) == (4, 1)
    monkeypatch.setattr(first_pass, "_NODES_MAX", 0)
    assert compare_roots(*pair) == found
    assert len(passes) == 4 + 6  # the small file is only known to be another when its node is


@pytest.mark.parametrize("form", ["pair", "packed"])
def test_an_image_that_is_written_to_meanwhile(form, request):
    images = request.getfixturevalue(form)

    def write(label: str, done: int, size: int) -> None:
        os.utime(images[1])

    with pytest.raises(SourceError, match="written to while it was read"):
        compare_roots(*images, progress=write)


def test_an_image_that_is_another_in_the_second_pass(pair, monkeypatch, debugfs):
    monkeypatch.setattr(source.Unchanged, "require", lambda self: None)
    block = int(debugfs(pair[1], "blocks /etc/motd").split()[-1])
    pieces = source.RootSource.pieces

    def swapped(self, blocks=None):
        if blocks is not None and self._path == pair[1]:
            with pair[1].open("r+b") as file:
                file.seek(block * 4096)
                file.write(b"good!")
        return pieces(self, blocks)

    monkeypatch.setattr(source.RootSource, "pieces", swapped)
    with pytest.raises(SourceError, match="other bytes than when it was read before") as caught:
        compare_roots(*pair)
    assert caught.value.where == f"{pair[1]}, block {block} of root.img"


def refused(*images: Path, limits: Limits | None = None) -> str:
    with pytest.raises((EvidenceError, SourceError)) as caught:
        compare_roots(*images, **({"limits": limits} if limits else {}))
    return str(caught.value)


def test_a_boot_partition(pair, tmp_path, trees, make_image):
    boot = make_image(tmp_path / "boot.img", trees[0], "-b", "4096", size="16M")
    assert refused(pair[0], boot).startswith(f"{boot}: this has no dm-verity tree: it is a boot partition")


def test_what_is_no_image(pair, tmp_path):
    (tmp_path / "text").write_text("text")
    assert "neither an update image (zstd) nor a partition" in refused(tmp_path / "text", pair[1])


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "it is empty"), (b"text", "its first bytes are 74657874")]
)
def test_what_is_no_image_is_told_by_its_start(content, told, pair, tmp_path):
    (tmp_path / "text").write_bytes(content)
    message = refused(tmp_path / "text", pair[1])
    assert message.endswith(told)
    assert "expected" not in message


def test_no_such_file(pair, tmp_path):
    assert refused(pair[0], tmp_path / "nothing") == f"{tmp_path}/nothing: there is no such file"


def test_an_update_image_that_is_cut_short(pair, packed):
    with packed[1].open("r+b") as file:
        file.truncate(packed[1].stat().st_size - 100)
    assert refused(pair[0], packed[1]).startswith(f"{packed[1]}: the update image is cut short")


def test_an_update_image_without_a_root(pair, tmp_path, program):
    (tmp_path / "VERSION.TXT").write_text("c0ffee\n")
    subprocess.run([program("tar"), "--format=gnu", "-cf", "t.tar", "VERSION.TXT"], check=True, cwd=tmp_path)
    subprocess.run([program("zstd"), "-q", "t.tar"], check=True, cwd=tmp_path)
    assert refused(tmp_path / "t.tar.zst", pair[1]).startswith(
        f"{tmp_path}/t.tar.zst: the update image lacks root.img"
    )


def test_blocks_of_another_size(pair, tmp_path, trees, make_image, finish_root):
    root = finish_root(make_image(tmp_path / "small-blocks", trees[0], "-b", "1024", size="16M"))
    assert "blocks of another size than dm-verity's (expected 4096 bytes, found 1024 bytes)" in refused(
        pair[0], root
    )


def test_a_root_that_dm_verity_covers_in_part(pair, tmp_path, trees, make_image, program):
    root = make_image(tmp_path / "partly", trees[0], "-b", "4096", size="16M")
    command = [program("veritysetup"), "format", root, root, "--data-blocks", "4000", "--hash-offset", OFFSET]
    subprocess.run([*command, "--salt", SALT, "--uuid", UUID], check=True, capture_output=True)
    assert "dm-verity covers only a part" in refused(pair[0], root)


def test_what_is_wrong_with_the_dm_verity_tree_is_told(pair):
    with pair[1].open("r+b") as file:
        file.seek(int(OFFSET) + 4096 + 100)
        file.write(b"\xff\xff")
    found = compare_roots(*pair)
    assert found.counts.changed == 1
    assert (found.base.problems, found.recovery.problems) == (
        (),
        ("the stored hash tree is not the one of the data",),
    )


def overwrite(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def inode_offset(debugfs, image: Path, path: str) -> int:
    told = debugfs(image, f"imap {path}")
    block, offset = told.split("located at block ")[1].split(", offset ")
    return int(block) * 4096 + int(offset, 16)


def test_a_damaged_inode_that_a_name_leads_to(pair, debugfs):
    overwrite(pair[1], inode_offset(debugfs, pair[1], "/etc/motd") + 4, b"\7\0\0\0")
    said = refused(*pair)
    assert said.startswith(f"{pair[1]}: the checksum of inode ")
    assert said.endswith(" is wrong")


def test_a_damaged_inode_that_no_name_leads_to(tmp_path, trees, make_root, debugfs):
    base = make_root(tmp_path / "base.img", trees[0])
    recovery = make_root(tmp_path / "recovery.img", trees[1])
    place = inode_offset(debugfs, recovery, "/etc/motd")
    free = place - place % 4096 + 4096 - 256  # the last of its block; none is used there
    overwrite(recovery, free + 26, b"\1\0")
    assert compare_roots(base, recovery).counts.total == 0


def test_a_damaged_folder(pair, debugfs):
    block = int(debugfs(pair[1], "blocks /usr/lib").split()[-1])
    overwrite(pair[1], block * 4096 + 30, b"\xff")
    assert refused(*pair).startswith(f"{pair[1]}: the checksum of a block of directory inode ")


def test_files_that_claim_to_be_larger_than_any_disk(tmp_path, trees, make_root):
    base = make_root(tmp_path / "base.img", trees[0])
    recovery = make_root(
        tmp_path / "recovery.img", trees[1], commands=("sif /etc/empty size 0x20000000000000",)
    )
    assert "claim to be larger than any disk" in refused(base, recovery)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(tree_entries=20), "more files than the limit"),
        (Limits(tree_path_bytes=100), "the paths of the tree are longer than any real one's"),
        (Limits(root_kept_bytes=40_960), "describes its files at greater length than any real one"),
        (Limits(root_content_bytes=100_000), "the files of the root file system are larger than the limit"),
        (Limits(root_image_bytes=1 << 20), "larger than the limit"),
        (Limits(file_system_items=20), "in more pieces than any real image has"),
    ],
)
def test_limits(pair, limits, said):
    assert said in refused(*pair, limits=limits)


@pytest.mark.parametrize(("files", "told"), [(20, "14 files: each says"), (7, "1 file: it says")])
def test_small_files_beyond_the_room_for_them(files, told, tmp_path, trees, make_root):
    for number in range(files):
        (trees[1] / f"file-{number:02}").write_text(f"{number}\n" * number)
    base, recovery = (
        make_root(tmp_path / "base.img", trees[0]),
        make_root(tmp_path / "recovery.img", trees[1]),
    )
    found = compare_roots(base, recovery, limits=Limits(root_texts_bytes=5 * 4096))
    assert [one.path for one in found.differences if one.text] == [f"/file-{n:02}" for n in range(1, 6)]
    assert {one.no_text for one in found.differences if not one.text} == {None, "too many small files differ"}
    assert f"what differs inside {told} why its lines are not shown" in found.unseen


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_the_command_ends_with_2_and_one_line(arguments, pair, tmp_path, capsys):
    status, shown, errors = in_process(
        "compare-roots", pair[0], tmp_path / "nothing", *arguments, capsys=capsys
    )
    assert (status, bool(shown), errors.count("\n")) == (2, bool(arguments), 1)


def test_the_command_ends_with_0_whatever_differs(pair, capsys):
    assert in_process("compare-roots", *pair, capsys=capsys)[0] == 0


def kept_of(data: bytes, *ends: int) -> kept_blocks.KeptBlocks:
    """All blocks of ``data``, which comes in pieces that end there."""
    kept = kept_blocks.KeptBlocks(len(data), most=1 << 20)
    for start, end in pairwise((0, *ends)):
        piece = source.Piece(len(data), start, memoryview(data)[start:end])
        for block in range(start // 4096, (end - 1) // 4096 + 1):
            kept.keep(block, piece)
    return kept


def test_blocks_are_kept_whole_in_whatever_pieces_they_come():
    data = bytes(range(256)) * 48
    kept = kept_of(data, 1_000, 5_000, 12_000, 12_288)
    kept.know_leaves(digest_blocks(data))
    assert b"".join(kept.block(number) for number in range(3)) == data
    kept.seek(4_000)
    assert kept.read(5_000) == data[4_000:9_000]


def test_what_was_kept_is_what_the_leaves_say():
    data = b"x" * 8192
    with pytest.raises(SourceError, match="other bytes"):
        kept_of(data, 8192).know_leaves(digest_blocks(b"x" * 4096 + b"y" * 4096))


def test_what_the_root_hash_does_not_cover_is_not_kept():
    data = b"x" * 8192
    kept = kept_of(data, 8192)
    kept.know_leaves(digest_blocks(data[:4096]))
    assert kept.block(0) == data[:4096]
    with pytest.raises(kept_blocks.NotKeptError):
        kept.block(1)
