"""An entry of a tree as one line, and back without loss."""

from __future__ import annotations

import dataclasses

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, entry_line, parse_entry_line, tree_manifest

FILE = f"/grub.cfg type=file mode=0644 owner=0:0 time=0 size=8 sha256={'a' * 64}"


@pytest.mark.slow
def test_every_kind_of_entry_comes_back(tmp_path, source_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", source_tree)
    debugfs(image, "ea_set /tiny user.odd\\ name x", "ea_set /tiny security.selinux label", write=True)
    with Ext4(image) as fs:
        manifest = tree_manifest(fs)
    assert {item.entry.type.value for item in manifest} >= {"file", "directory", "symlink", "fifo"}
    assert any(item.hard_link_to for item in manifest)
    assert any(b"\xff" in item.entry.path for item in manifest)
    for item in manifest:
        line = entry_line(item)
        assert line.isascii()
        assert line.isprintable()
        again = parse_entry_line(line)
        kept = {"inode": 0, "links": 1}
        if item.entry.type.value not in ("file", "symlink"):
            kept["size"] = 0
        assert again == dataclasses.replace(item, entry=dataclasses.replace(item.entry, **kept))


def test_the_line_is_the_documented_one():
    line = "/vmlinuz type=symlink mode=0777 owner=0:0 time=0 link=vmlinuz-6.17.0 xattr.security.selinux=7500"
    item = parse_entry_line(line)
    assert (item.entry.path, item.entry.target) == (b"vmlinuz", b"vmlinuz-6.17.0")
    assert item.entry.xattrs == {b"security.selinux": b"u\0"}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "/",
        FILE.removeprefix("/"),
        FILE + " ",
        FILE + " more=1",
        FILE.replace("mode=0644", "mode=644"),
        FILE.replace("mode=0644", "mode=0o644"),
        FILE.replace("owner=0:0", "owner=0"),
        FILE.replace("owner=0:0", "owner=0:00"),
        FILE.replace("time=0", "time=1_0"),
        FILE.replace("size=8", "size=+8"),
        FILE.replace("size=8 ", ""),
        FILE.replace("type=file", "type=directory"),
        FILE.replace("type=file", "type=door"),
        FILE.replace("a" * 64, "A" * 64),
        FILE.replace("a" * 64, "a" * 63),
        FILE.replace("grub.cfg", "gr%75b.cfg"),
        FILE.replace("grub.cfg", "gr\u00fcb.cfg"),
        FILE.replace("grub.cfg", "/grub.cfg"),
        FILE.replace("grub.cfg", "a/../grub.cfg"),
        FILE + " link=x",
        FILE + " device=1:2",
        FILE + " same-as=grub",
        FILE + " xattr.user.a=0",
        FILE + " xattr.user.a=00 xattr.user.a=01",
        f"{FILE} size={'9' * 5000}",
        "/l type=symlink mode=0777 owner=0:0 time=0",
        "/d type=block-device mode=0600 owner=0:0 time=0",
    ],
)
def test_another_line_is_refused(line):
    with pytest.raises(EvidenceError):
        parse_entry_line(line)
