"""One change to a root file system, and what is told of it."""

from __future__ import annotations

import os
import subprocess

import pytest
from guestos.roots.conftest import LABEL, MAY_LISTEN

from auditkit.guestos.ext4 import FileType
from auditkit.guestos.roots import (
    ChangeKind,
    Counts,
    FolderCounts,
    Notable,
    ReasonCount,
    RootDifference,
    SettingDifference,
    compare_roots,
    comparison_lines,
)
from auditkit.limits import Limits

pytestmark = pytest.mark.slow


@pytest.fixture
def told(tmp_path, trees, make_root):
    """A function that makes both roots, one with debugfs commands, and gives the differences by path."""

    def compare(*commands: str, limits: Limits | None = None) -> dict[str, RootDifference]:
        base = make_root(tmp_path / "base.img", trees[0])
        recovery = make_root(tmp_path / "recovery.img", trees[1], commands=commands)
        found = compare_roots(base, recovery, **({"limits": limits} if limits else {}))
        assert found.counts.total == len(found.differences) + found.unlisted
        return {one.path: one for one in found.differences}

    return compare


def test_two_images_of_one_tree_do_not_differ(told):
    assert told() == {}


def test_content(told, trees):
    (trees[1] / "etc/passwd").write_text("root::0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\n")
    (one,) = told().values()
    assert (one.path, one.kind, one.changed) == ("/etc/passwd", ChangeKind.CHANGED, ("content",))
    assert one.notable == (Notable.USERS,)
    assert one.text is not None
    assert one.text.lines == (
        "@@ -1,2 +1,2 @@",
        "-root:x:0:0:root:/root:/bin/sh",
        "+root::0:0:root:/root:/bin/sh",
        " daemon:x:1:1::/:/usr/sbin/nologin",
    )
    assert (one.text.removed, one.text.added, one.text.omitted, one.no_text) == (1, 1, 0, None)


@pytest.mark.parametrize("at", [0, 150_000, 299_999])
def test_one_byte_of_a_large_file(told, trees, at):
    with (trees[1] / "usr/lib/large").open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))
    (one,) = told().values()
    assert (one.path, one.changed, one.text) == ("/usr/lib/large", ("content",), None)
    assert one.no_text == "larger than 65,536 bytes"


def test_the_size_alone(told, trees):
    with (trees[1] / "usr/lib/holes").open("r+b") as file:
        file.truncate(500_001)
    (one,) = told().values()
    assert (one.changed, one.base.size, one.recovery.size) == (("content",), 500_000, 500_001)


def test_a_hole_is_as_many_zeros(told, trees):
    sparse = trees[1] / "usr/lib/holes"
    data = sparse.read_bytes()
    sparse.unlink()
    sparse.write_bytes(data)
    for path, folder in ((sparse, False), (sparse.parent, True)):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert path.is_dir() is folder
    assert told() == {}


def test_what_stands_behind_the_end_of_a_file_does_not_count(
    tmp_path, trees, make_image, debugfs, finish_root
):
    (trees[0] / "etc/motd").write_bytes(b"x" * 5_000)
    (trees[1] / "etc/motd").write_bytes(b"x" * 5_000)
    roots = []
    for name, tree in zip(("base.img", "recovery.img"), trees, strict=True):
        image = make_image(tmp_path / name, tree, "-b", "4096", size="16M")
        last = int(debugfs(image, "blocks /etc/motd").split()[-1])
        with image.open("r+b") as file:
            file.seek(last * 4096 + 904)
            file.write(name.encode())
        roots.append(finish_root(image))
    found = compare_roots(*roots)
    assert found.counts.total == 0
    assert found.base.root_hash != found.recovery.root_hash


def test_a_hole_at_the_end_is_as_the_zeros_before_what_the_disk_held(
    tmp_path, trees, make_image, debugfs, finish_root
):
    for tree in trees:
        with (tree / "opt/ic/node").open("wb") as file:
            file.write(b"n" * 8_192)
            file.truncate(8_292)
    (trees[1] / "opt/ic/node").write_bytes(b"n" * 8_192 + b"z" * 100)
    base = finish_root(make_image(tmp_path / "base.img", trees[0], "-b", "4096", size="16M"))
    recovery = make_image(tmp_path / "recovery.img", trees[1], "-b", "4096", size="16M")
    last = int(debugfs(recovery, "blocks /opt/ic/node").split()[-1])
    with recovery.open("r+b") as file:
        file.seek(last * 4096)
        file.write(bytes(100) + b"whatever")
    assert compare_roots(base, finish_root(recovery)).counts.total == 0


def test_the_last_bytes_of_a_file_alone(told, trees):
    (trees[0] / "opt/ic/node").write_bytes(b"n" * 20_480 + b"old")
    (trees[1] / "opt/ic/node").write_bytes(b"n" * 20_480 + b"new")
    (one,) = told().values()
    assert (one.path, one.changed) == ("/opt/ic/node", ("content",))


def inline_roots(tmp_path, trees, make_root, *commands):
    """Both roots with small files in their inodes."""
    options = ("-O", "inline_data", "-I", "256")
    return (
        make_root(tmp_path / "base.img", trees[0], *options),
        make_root(tmp_path / "recovery.img", trees[1], *options, commands=commands),
    )


def test_files_of_one_size_in_their_inodes(tmp_path, trees, make_root, debugfs):
    for tree, shell in zip(trees, ("/bin/sh", "/bin/zz"), strict=True):
        (tree / "etc/passwd").write_text(f"root:x:0:0::/:{shell}\n")
    base, recovery = inline_roots(tmp_path, trees, make_root)
    assert "(BLOCKS)" not in debugfs(base, "stat /etc/passwd")
    (one,) = compare_roots(base, recovery).differences
    assert (one.path, one.changed) == ("/etc/passwd", ("content",))
    assert one.text is not None
    assert one.text.lines == ("@@ -1 +1 @@", "-root:x:0:0::/:/bin/sh", "+root:x:0:0::/:/bin/zz")


def test_a_file_in_its_inode_is_not_like_another_of_its_size(tmp_path, trees, make_root):
    (trees[0] / "opt/ic/one").write_text("one\n")
    (trees[1] / "opt/ic/two").write_text("two\n")
    (trees[0] / "opt/ic/moved").write_text("same")
    (trees[1] / "opt/ic/named").write_text("same")
    found = compare_roots(*inline_roots(tmp_path, trees, make_root)).differences
    assert {one.path: one.like for one in found} == {
        "/opt/ic/moved": "/opt/ic/named",
        "/opt/ic/named": "/opt/ic/moved",
        "/opt/ic/one": None,
        "/opt/ic/two": None,
    }


def test_contents_that_two_files_exchanged(told, trees):
    ours, theirs = (trees[1] / name for name in ("etc/motd", "etc/passwd"))
    motd = ours.read_bytes()
    ours.write_bytes(theirs.read_bytes())
    theirs.write_bytes(motd)
    found = told()
    assert {path: one.changed for path, one in found.items()} == {
        "/etc/motd": ("content",),
        "/etc/passwd": ("content",),
    }


def test_an_added_and_a_removed_file(told, trees):
    (trees[1] / "etc/cron.d").mkdir()
    (trees[1] / "etc/cron.d/job").write_text("* * * * * root /bin/true\n")
    (trees[1] / "etc/motd").unlink()
    found = told()
    assert list(found) == ["/etc/cron.d", "/etc/cron.d/job", "/etc/motd"]
    folder, job, motd = found.values()
    assert (folder.kind, folder.base, folder.recovery.type) == (ChangeKind.ADDED, None, FileType.DIRECTORY)
    assert (job.kind, job.notable) == (ChangeKind.ADDED, (Notable.STARTED,))
    assert job.text.lines == ("@@ -0,0 +1 @@", "+* * * * * root /bin/true")
    assert (motd.kind, motd.recovery, motd.changed, motd.text.removed) == (ChangeKind.REMOVED, None, (), 40)


def test_a_file_that_was_moved_is_like_the_other(told, trees):
    (trees[1] / "usr/lib/large").rename(trees[1] / "usr/lib/larger")
    found = told()
    assert found["/usr/lib/large"].like == "/usr/lib/larger"
    assert found["/usr/lib/larger"].like == "/usr/lib/large"
    assert {one.kind for one in found.values()} == {ChangeKind.ADDED, ChangeKind.REMOVED}


def test_a_link_that_points_elsewhere(told, trees):
    (trees[1] / "usr/lib/link").unlink()
    (trees[1] / "usr/lib/link").symlink_to("/etc/passwd")
    (one,) = told().values()
    assert (one.changed, one.base.link, one.recovery.link) == (("link",), "large", "/etc/passwd")
    assert one.recovery.size is None  # the file that it points to is not looked at


def test_the_end_of_a_long_link(told, trees):
    (trees[1] / "usr/lib/long-link").unlink()
    (trees[1] / "usr/lib/long-link").symlink_to("/" + "t" * 199 + "u")
    (one,) = told().values()
    assert one.changed == ("link",)


def test_another_type(told, trees):
    (trees[1] / "usr/lib/link").unlink()
    (trees[1] / "usr/lib/link").write_bytes(b"no link\n")
    (one,) = told().values()
    assert (one.kind, one.changed[0], one.text.added) == (ChangeKind.CHANGED, "type", 1)


def test_set_uid(told, trees):
    (trees[1] / "usr/bin/tool").chmod(0o4755)
    found = told()
    assert set(found) == {"/usr/bin/tool", "/usr/bin/again"}
    one = found["/usr/bin/tool"]
    assert (one.kind, one.changed) == (ChangeKind.METADATA, ("mode",))
    assert one.notable == (Notable.PRIVILEGED, Notable.EXECUTABLE)
    assert (one.base.mode, one.recovery.mode, one.text, one.no_text) == ("0755", "4755", None, None)


def test_owner(told):
    found = told("sif /etc/motd uid 1000", "sif /etc/motd gid 1001")
    assert {path: one.changed for path, one in found.items()} == {"/etc/motd": ("owner",)}
    assert found["/etc/motd"].recovery.owner == "1000:1001"


def test_label_capabilities_and_other_attributes(told, tmp_path):
    for name, value in (("label", LABEL), ("listen", MAY_LISTEN), ("note", b"\x00\xffnote")):
        (tmp_path / name).write_bytes(value)
    found = told(
        f"ea_set -f {tmp_path}/label /etc/motd security.selinux",
        f"ea_set -f {tmp_path}/listen /opt/ic/node security.capability",
        f"ea_set -f {tmp_path}/note /etc/passwd user.note",
    )
    assert {path: one.changed for path, one in found.items()} == {
        "/etc/motd": ("label",),
        "/opt/ic/node": ("capabilities",),
        "/etc/passwd": ("attributes",),
    }
    assert found["/etc/motd"].recovery.label == "system_u:object_r:usr_t:s0"
    assert found["/opt/ic/node"].recovery.capabilities == "permitted and effective: net_bind_service"
    assert found["/opt/ic/node"].notable == (Notable.PRIVILEGED,)
    assert found["/etc/passwd"].recovery.attributes == {"user.note": "00ff6e6f7465"}
    assert {one.kind for one in found.values()} == {ChangeKind.METADATA}


def test_an_attribute_that_takes_a_block_of_its_own(told, tmp_path):
    (tmp_path / "note").write_bytes(b"n" * 700)
    found = told(f"ea_set -f {tmp_path}/note /etc/motd user.note")
    assert found["/etc/motd"].recovery.attributes == {"user.note": "6e" * 700}


def test_a_device(told):
    found = told("cd /dev", "mknod disk b 259 3")
    assert found["/dev/disk"].recovery.device == "259:3"
    assert found["/dev/disk"].notable == (Notable.PRIVILEGED,)


def test_a_hard_link_that_became_a_file_of_its_own(told, trees):
    again = trees[1] / "usr/bin/again"
    again.unlink()
    subprocess.run(["cp", "-p", trees[1] / "usr/bin/tool", again], check=True)
    found = told()
    assert {path: (one.kind, one.changed) for path, one in found.items()} == {
        "/usr/bin/tool": (ChangeKind.METADATA, ("hard_link",)),
    }
    assert (found["/usr/bin/tool"].base.hard_link, found["/usr/bin/tool"].recovery.hard_link) == (
        "/usr/bin/again",
        None,
    )


def test_a_unit_and_what_wants_it(told, trees):
    (trees[1] / "etc/systemd/system/node.service").write_text("[Service]\nExecStart=/opt/ic/other\n")
    (one,) = told().values()
    assert (one.notable, one.wanted_by) == ((Notable.STARTED,), ("multi-user.target.wants",))


def test_a_unit_that_very_many_want(told, trees):
    system = trees[1] / "etc/systemd/system"
    for number in range(25):
        (system / f"a-{number:02}.target.wants").mkdir()
        (system / f"a-{number:02}.target.wants/node.service").symlink_to("../node.service")
    (system / "node.service").write_text("[Service]\n")
    one = told()["/etc/systemd/system/node.service"]
    assert one.wanted_by == (*(f"a-{number:02}.target.wants" for number in range(20)), "about 6 more")


def test_times_are_counted_and_no_difference(tmp_path, trees, make_root):
    os.utime(trees[1] / "etc/motd", (1_700_000_001, 1_700_000_001))
    base = make_root(tmp_path / "base.img", trees[0])
    recovery = make_root(tmp_path / "recovery.img", trees[1])
    found = compare_roots(base, recovery)
    assert found.counts.total == 0
    # mke2fs gives the root and lost+found the time at which it ran
    assert found.other_times in (1, 2, 3)


def test_what_is_notable_comes_first_and_has_its_place(told, trees):
    for number in range(30):
        (trees[1] / f"a-{number:02}").write_text(f"{number}\n")
    (trees[1] / "usr/bin/tool").write_bytes(b"other")
    found = told(limits=Limits(root_differences=5))
    assert len(found) == 5
    assert list(found)[:2] == ["/usr/bin/again", "/usr/bin/tool"]


def test_no_reason_takes_the_place_of_another(tmp_path, trees, make_root):
    for number in range(30):
        (trees[1] / f"a-{number:02}").write_text(f"{number}\n")
        (trees[1] / f"a-{number:02}").chmod(0o4755)
    (trees[1] / "etc/systemd/system/new.service").write_text("[Service]\n")
    (trees[1] / "opt/ic/other").write_text("other\n")
    base, recovery = (
        make_root(tmp_path / "base.img", trees[0]),
        make_root(tmp_path / "recovery.img", trees[1]),
    )
    found = compare_roots(base, recovery, limits=Limits(root_differences=6))
    assert [one.path for one in found.differences] == [
        *("/a-00", "/a-01", "/a-02", "/a-03"),
        "/etc/systemd/system/new.service",
        "/opt/ic/other",
    ]
    assert found.reasons == (ReasonCount(Notable.PRIVILEGED, 30), ReasonCount(Notable.STARTED, 1))
    told = list(comparison_lines(found))
    assert told[told.index("  started by itself (1)") - 1] == "    and 26 that are only counted"
    assert "All others (1)" in told


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("ssv default_mount_opts 0x4", SettingDifference("default mount options", "0xc", "0x4")),
        ("ssv mount_opts suid,dev", SettingDifference("mount options", "none", "suid,dev")),
        ("ssv errors 3", SettingDifference("behaviour after errors", "1", "3")),
        ("ssv volume_name evil", SettingDifference("label", "none", "evil")),
        ("ssv def_resuid 1000", SettingDifference("owner of reserved blocks", "0:0", "1000:0")),
        ("ssv def_hash_version tea", SettingDifference("hash version of folders", "1", "2")),
    ],
)
def test_settings_of_the_file_system(tmp_path, trees, make_image, debugfs, finish_root, command, setting):
    base = make_image(tmp_path / "base.img", trees[0], "-b", "4096", size="16M")
    recovery = tmp_path / "recovery.img"
    recovery.write_bytes(base.read_bytes())
    debugfs(recovery, command, write=True)
    found = compare_roots(finish_root(base), finish_root(recovery))
    assert (found.counts.total, found.settings) == (0, (setting,))
    told = f"the file system itself: {setting.name} {setting.base} -> {setting.recovery}"
    assert told in list(comparison_lines(found))


def test_sums_and_folders(tmp_path, trees, make_root):
    (trees[1] / "etc/motd").write_text("other\n")
    (trees[1] / "opt/ic/new").write_text("new\n")
    (trees[1] / "usr/lib/large").unlink()
    (trees[1] / "usr/lib/link").unlink()
    (trees[1] / "usr/bin/su").chmod(0o755)
    found = compare_roots(
        make_root(tmp_path / "base.img", trees[0]), make_root(tmp_path / "recovery.img", trees[1])
    )
    assert found.counts == Counts(added=1, removed=2, changed=1, metadata=1)
    assert found.folders == (
        FolderCounts("/etc", True, Counts(0, 0, 1, 0)),
        FolderCounts("/opt/ic", True, Counts(1, 0, 0, 0)),
        FolderCounts("/usr/bin", True, Counts(0, 0, 0, 1)),
        FolderCounts("/usr/lib", True, Counts(0, 2, 0, 0)),
    )
    assert (found.base.names, found.recovery.names) == (28, 27)
    assert found.base.file_bytes - found.recovery.file_bytes == 300_000 + (310 - 6) - 4
