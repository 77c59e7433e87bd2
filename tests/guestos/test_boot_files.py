"""The measured files of a boot partition, and the ways in which they can be missing."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, read_boot_files


def test_boot_files(release, boot_tree):
    with Ext4(release.boot) as fs:
        files = read_boot_files(fs)
    for role, content in (
        ("vmlinuz", files.kernel),
        ("initrd.img", files.initrd),
        ("OVMF_SEV.fd", files.firmware),
        ("boot_args", files.boot_args),
    ):
        assert content == (boot_tree / role).read_bytes()
    assert files.version_text == "c0ffee"
    assert files.names["kernel"] == "vmlinuz-6.14.0-36-generic"
    assert files.names["firmware"] == "OVMF_SEV.fd"
    assert files.sha256["initrd"] == hashlib.sha256(files.initrd).hexdigest()


def changed(tmp_path, boot_tree, make_image, change):
    tree = tmp_path / "tree"
    shutil.copytree(boot_tree, tree, symlinks=True)
    change(tree)
    return Ext4(make_image(tmp_path / "image", tree, size="16M"))


def link(name, target):
    def change(tree):
        (tree / name).unlink()
        (tree / name).symlink_to(target)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tree: (tree / "OVMF_SEV.fd").unlink(), "has no /OVMF_SEV.fd"),
        (lambda tree: (tree / "vmlinuz").unlink(), "has no /vmlinuz"),
        (lambda tree: (tree / "boot_args").write_bytes(b""), "/boot_args .* impossible size"),
        (lambda tree: (tree / "boot_args").write_bytes(b"#" * (1 << 20)), "/boot_args .* impossible size"),
        (lambda tree: (tree / "version.txt").write_bytes(b"\xff"), "not text"),
        (lambda tree: (tree / "vmlinuz-6.14.0-36-generic").unlink(), "no such file"),
        (link("vmlinuz", "/boot/vmlinuz-6.14.0-36-generic"), "leads out"),
        (link("initrd.img", "../initrd.img-6.14.0-36-generic"), "leads out"),
        (link("initrd.img", "initrd.img"), "circle"),
        (link("initrd.img", "."), "not a regular file"),
    ],
)
def test_what_is_refused(change, reason, tmp_path, boot_tree, make_image):
    with changed(tmp_path, boot_tree, make_image, change) as fs, pytest.raises(EvidenceError, match=reason):
        read_boot_files(fs)


def test_a_release_without_version_file(tmp_path, boot_tree, make_image):
    with changed(tmp_path, boot_tree, make_image, lambda tree: (tree / "version.txt").unlink()) as fs:
        assert read_boot_files(fs).version_text is None
