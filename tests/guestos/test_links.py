"""Links are followed inside the image, one component at a time, by extraction and by the reading of boot files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, extract_tree, read_boot_files

# `deep/a` is a link to `sub/b`, so that `deep/a/..` is `sub` and not `deep`
LINKED = ("mkdir /deep", "mkdir /sub", "mkdir /sub/b", "symlink /deep/a ../sub/b")


def extracted(image: Path, out: Path) -> Path:
    with Ext4(image) as fs:
        extract_tree(fs, out)
    return out


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        # by its text `deep/etc/passwd`, and in truth `../etc/passwd`
        (("mkdir /x", "symlink /x/up ../top", "symlink /top .", "symlink /l x/up/../etc/passwd"), "leads out"),
        ((*LINKED, "symlink /l deep/a/../../../etc/passwd"), "leads out"),
        (("symlink /a .", "symlink /l a/a/a/../x"), "leads out"),
        (("symlink /l nothing/../x",), "nobody can say"),
        (("symlink /l grub.cfg/../x",), "nobody can say"),
        (("symlink /a b", "symlink /b a"), "circle"),
    ],
)  # fmt: skip
def test_a_link_that_leads_out_by_way_of_another_is_refused(
    commands, reason, tmp_path, boot_tree, make_image, debugfs
):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(image, *commands, write=True)
    with pytest.raises(EvidenceError, match=reason):
        extracted(image, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_a_second_name_of_a_link_is_judged_where_it_is(tmp_path, boot_tree, make_image, debugfs):
    """`/sub/up` stays inside; its hard link `/up` does not."""
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(image, "mkdir /sub", "symlink /sub/up ../grub.cfg", "link /sub/up /up", write=True)
    debugfs(image, "set_inode_field /sub/up links_count 2", write=True)
    with pytest.raises(EvidenceError, match="leads out"):
        extracted(image, tmp_path / "out")


def test_links_that_stay_inside_are_kept(tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    inside = {"l": "deep/a/../../grub.cfg", "dangling": "nothing/at/all", "up": "sub/../grub.cfg"}
    debugfs(image, *LINKED, *(f"symlink /{name} {target}" for name, target in inside.items()), write=True)
    out = extracted(image, tmp_path / "out")
    assert {name: str((out / name).readlink()) for name in inside} == inside
    assert (out / "l").read_bytes() == (boot_tree / "grub.cfg").read_bytes()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("deep/a/../../../etc/passwd", "leads out"),
        ("deep/a/../vmlinuz-6.14.0-36-generic", "no such file"),  # by its text it would be there: deep/…
        ("vmlinuz-6.14.0-36-generic/../OVMF_SEV.fd", "not a directory"),
    ],
)
def test_boot_files_are_found_as_the_kernel_would(target, reason, tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(
        image, *LINKED, "ln /vmlinuz-6.14.0-36-generic /deep/vmlinuz-6.14.0-36-generic",
        "rm /vmlinuz", f"symlink /vmlinuz {target}", write=True,
    )  # fmt: skip
    with Ext4(image) as fs, pytest.raises(EvidenceError, match=reason):
        read_boot_files(fs)


def test_a_boot_file_by_way_of_a_linked_folder(tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(
        image, *LINKED, "rm /vmlinuz", "symlink /vmlinuz deep/a/../../vmlinuz-6.14.0-36-generic", write=True
    )
    with Ext4(image) as fs:
        assert read_boot_files(fs).names["kernel"] == "vmlinuz-6.14.0-36-generic"


def test_links_take_no_more_steps_than_a_real_tree_could_need(tmp_path, make_image):
    """Ten chains of thirty long links: every link is asked about, and each leads along the rest of its chain."""
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    for number in range(300):
        last = number % 30 == 29
        (tree / f"{number}").symlink_to("a/../" * 700 + ("a" if last else f"{number + 1}"))
    image = make_image(tmp_path / "image", tree, "-b", "4096", size="16M")
    started = time.process_time()
    with pytest.raises(EvidenceError, match="longer than any real"):
        extracted(image, tmp_path / "out")
    assert time.process_time() - started < 5
