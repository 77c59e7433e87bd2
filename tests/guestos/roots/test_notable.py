"""What stands at the top, and why."""

from __future__ import annotations

import pytest

from auditkit.guestos.ext4 import Entry, FileType
from auditkit.guestos.roots.capabilities import capabilities_in_words
from auditkit.guestos.roots.notable import Notable, notable

STARTED, USERS, KEYS = Notable.STARTED, Notable.USERS, Notable.KEYS
PRIVILEGED, EXECUTABLE, ELSEWHERE = Notable.PRIVILEGED, Notable.EXECUTABLE, Notable.ELSEWHERE


def entry(path: bytes, mode: int = 0o644, kind: FileType = FileType.FILE, **more: object) -> Entry:
    fields = {"target": None, "device": None, "xattrs": {}, "inode": 12, "links": 1, **more}
    return Entry(path=path, type=kind, mode=mode, uid=0, gid=0, mtime_ns=0, size=1, **fields)


@pytest.mark.parametrize(
    ("path", "reasons"),
    [
        (b"etc/systemd/system/node.service", (STARTED,)),
        (b"etc/systemd/system/multi-user.target.wants/node.service", (STARTED,)),
        (b"usr/lib/systemd/system-generators/one", (STARTED,)),
        (b"usr/lib/systemd/system-preset/90.preset", (STARTED,)),
        (b"etc/systemd/system.control/one.service.d/10.conf", (STARTED,)),
        (b"etc/systemd/system.attached/one.service", (STARTED,)),
        (b"run/systemd/generator.early/one.service", (STARTED,)),
        (b"etc/fstab", (STARTED,)),
        (b"etc/crypttab", (STARTED,)),
        (b"lib/systemd/user/one.service", (STARTED,)),
        (b"etc/systemd/journald.conf", (STARTED,)),
        (b"etc/systemd/journald.conf.d/one", (STARTED,)),
        (b"usr/lib/systemd/catalog/one", ()),
        (b"etc/cron.daily/one", (STARTED,)),
        (b"etc/crontab", (STARTED,)),
        (b"var/spool/cron/crontabs/root", (STARTED,)),
        (b"etc/init.d/one", (STARTED,)),
        (b"etc/rc2.d/S01one", (STARTED,)),
        (b"usr/lib/udev/rules.d/one.rules", (STARTED,)),
        (b"etc/ld.so.preload", (STARTED,)),
        (b"etc/profile.d/one.sh", (STARTED,)),
        (b"sbin/init", (STARTED,)),
        (b"usr/sbin/init", (STARTED,)),
        (b"usr/sbin/init.d", ()),
        (b"etc/passwd", (USERS,)),
        (b"etc/shadow-", (USERS,)),
        (b"etc/passwd.txt", ()),
        (b"opt/etc/passwd", ()),
        (b"etc/sudoers.d/one", (USERS,)),
        (b"etc/pam.d/sudo", (USERS,)),
        (b"etc/selinux/config", (USERS,)),
        (b"etc/selinuxes", ()),
        (b"etc/ssh/sshd_config", (KEYS,)),
        (b"usr/share/ca-certificates/mozilla/one.crt", (KEYS,)),
        (b"root/.ssh/authorized_keys", (KEYS,)),
        (b".ssh", (KEYS,)),
        (b"var/lib/x/authorized_keys2", (KEYS,)),
        (b"opt/ic/share/nns_public_key.pem", (KEYS,)),
        (b"opt/ic/share/one\nline.pem", (KEYS,)),
        (b"opt/ic/share/one.pem\n", ()),
        (b"usr/lib/libc.so.6", (EXECUTABLE,)),
        (b"usr/lib/modules/6/one.ko.zst", (EXECUTABLE,)),
        (b"usr/lib/libc.so.txt", ()),
        (b"usr/share/doc/one", ()),
    ],
)
def test_by_the_place(path, reasons):
    assert notable(path, (entry(path),), ()) == reasons


@pytest.mark.parametrize(
    ("of", "reasons"),
    [
        (entry(b"a", 0o755), (EXECUTABLE,)),
        (entry(b"a", 0o4755), (PRIVILEGED, EXECUTABLE)),
        (entry(b"a", 0o2644), (PRIVILEGED,)),
        (entry(b"a", 0o666), (PRIVILEGED,)),
        (entry(b"a", xattrs={b"security.capability": b""}), (PRIVILEGED,)),
        (entry(b"a", xattrs={b"system.posix_acl_access": b"\2"}), (PRIVILEGED,)),
        (entry(b"a", 0o755, FileType.DIRECTORY, xattrs={b"system.posix_acl_default": b"\2"}), (PRIVILEGED,)),
        (entry(b"a", 0o755, FileType.DIRECTORY), ()),
        (entry(b"a", 0o2755, FileType.DIRECTORY), ()),
        (entry(b"a", 0o777, FileType.DIRECTORY), (PRIVILEGED,)),
        (entry(b"a", 0o1777, FileType.DIRECTORY), ()),
        (entry(b"a", 0o777, FileType.SYMLINK), ()),
        (entry(b"a", 0o600, FileType.BLOCK_DEVICE), (PRIVILEGED,)),
        (entry(b"a", 0o600, FileType.CHARACTER_DEVICE), (PRIVILEGED,)),
        (entry(b"a", 0o600, FileType.FIFO), ()),
    ],
)
def test_by_what_it_is(of, reasons):
    assert notable(b"a", (of,), ()) == reasons


def test_either_side_may_be_the_reason():
    plain, set_uid = entry(b"a"), entry(b"a", 0o4711)
    assert notable(b"a", (plain, set_uid), ("mode",)) == (PRIVILEGED, EXECUTABLE)
    assert notable(b"a", (set_uid, plain), ("mode",)) == (PRIVILEGED, EXECUTABLE)


@pytest.mark.parametrize("field", ["label", "content", "mode", "owner"])
def test_what_changes_a_program(field):
    program = entry(b"opt/a", 0o755)
    assert notable(b"opt/a", (program, program), (field,)) == (EXECUTABLE,)


@pytest.mark.parametrize("field", ["attributes", "hard_link"])
def test_what_leaves_a_program_what_it_is(field):
    program = entry(b"opt/a", 0o755)
    assert notable(b"opt/a", (program, program), (field,)) == ()


def link(path: bytes, target: bytes) -> Entry:
    return entry(path, 0o777, FileType.SYMLINK, target=target)


@pytest.mark.parametrize(
    ("path", "target", "reasons"),
    [
        (b"usr/bin/awk", b"/opt/x", (EXECUTABLE,)),
        (b"opt/ic/bin/node", b"other", (EXECUTABLE,)),
        (b"usr/sbin/one", b"/opt/x", (EXECUTABLE,)),
        (b"usr/lib/x86_64-linux-gnu/libc.so.6", b"/opt/x", (EXECUTABLE,)),
        (b"opt/x", b"../usr/bin/tool", (EXECUTABLE,)),
        (b"opt/x", b"liba.so.1", (EXECUTABLE,)),
        (b"opt/x", b"/etc/systemd/system/one.service", (STARTED,)),
        (b"opt/x/y", b"../.././etc//shadow", (USERS,)),
        (b"opt/x", b"/../../etc/ssl/certs", (KEYS,)),
        (b"opt/x", b"/opt/binary", ()),
        (b"opt/x", b"etc/shadow", ()),
        (b"etc", b"opt/etc", (ELSEWHERE,)),
        (b"usr/lib/systemd", b"/opt/x", (ELSEWHERE, EXECUTABLE)),
        (b"usr/share/systemd", b"/opt/x", (ELSEWHERE,)),
        (b"etc/network", b"/opt/x", (ELSEWHERE,)),
        (b"root", b"/opt/x", (ELSEWHERE,)),
        (b"home/me", b"/opt/x", (ELSEWHERE,)),
        (b"usr/share/doc", b"/opt/x", ()),
    ],
)
def test_links(path, target, reasons):
    assert notable(path, (link(path, target),), ()) == reasons
    assert notable(path, (link(path, b"/x"), link(path, target)), ("link",)) == reasons
    assert notable(path, (link(path, target), link(path, b"/x")), ("link",)) == reasons
    assert notable(path, (link(path, target), link(path, target)), ("owner",)) == ()


def test_a_folder_that_became_something_else_and_the_reverse():
    sides = [entry(b"opt/x", 0o755, FileType.DIRECTORY), link(b"opt/x", b"/y")]
    assert notable(b"opt/x", sides, ("type", "link")) == (ELSEWHERE,)
    assert notable(b"opt/x", sides[::-1], ("type", "link")) == (ELSEWHERE,)
    assert notable(b"opt/x", sides[:1] * 2, ("owner",)) == ()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0100000200200000000000000000000000000000", "permitted and effective: net_raw"),
        ("0000000200300000000000000000000000000000", "permitted: net_admin, net_raw"),
        ("0000000200000000010000000000000000000000", "inheritable: chown"),
        ("0100000200000000000000008000000000000000", "permitted and effective: bpf"),
        ("0100000200000000000000000004000000000000", "permitted and effective: number 42"),
        ("010000010100000000000000", "permitted and effective: chown"),
        (
            "0100000301000000000000000000000000000000e8030000",
            "permitted and effective: chown; in user namespaces of user 1000",
        ),
        ("0000000200000000000000000000000000000000", "present, empty"),
        ("01000002", "of an unknown form: 01000002"),
        (
            "0200000200200000000000000000000000000000",
            "of an unknown form: 0200000200200000000000000000000000000000",
        ),
        ("", "of an unknown form: "),
    ],
)
def test_capabilities(value, words):
    assert capabilities_in_words(bytes.fromhex(value)) == words
