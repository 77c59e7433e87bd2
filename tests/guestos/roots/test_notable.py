"""What stands at the top, and why."""

from __future__ import annotations

import pytest

from auditkit.guestos.ext4 import Entry, FileType
from auditkit.guestos.roots.capabilities import capabilities_in_words
from auditkit.guestos.roots.notable import Notable, notable

STARTED, USERS, KEYS = Notable.STARTED, Notable.USERS, Notable.KEYS
PRIVILEGED, EXECUTABLE = Notable.PRIVILEGED, Notable.EXECUTABLE


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


def test_another_label_alone_is_no_other_program():
    program = entry(b"usr/bin/a", 0o755)
    assert notable(b"usr/bin/a", (program, program), ("label",)) == ()
    assert notable(b"usr/bin/a", (program, program), ("label", "content")) == (EXECUTABLE,)


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
        ("0000000200000000000000000000000000000000", "none"),
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
