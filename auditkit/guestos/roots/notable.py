"""What a reader has to see first: changes that decide what runs, with which rights, and whom the system trusts.

Told by place, name, mode and attributes alone. Any other file may matter as much; nothing is left out because of this.
"""

from __future__ import annotations

import posixpath
import re
import stat
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from auditkit.guestos.ext4 import Entry, FileType
from auditkit.guestos.roots.capabilities import ATTRIBUTE as CAPABILITIES
from auditkit.numbers import Count

_Listed = TypeVar("_Listed")


class Notable(StrEnum):
    """Why a change stands at the top, in the order in which they are shown."""

    PRIVILEGED = "more rights"
    """Set-uid and set-gid files, files with capabilities, what has an access control list or everybody may write to,
    and devices."""
    STARTED = "started by itself"
    """Units of systemd, and all else that is run without anybody asking: cron, udev, generators, modules, profiles; and
    what is mounted."""
    ELSEWHERE = "folders that lead elsewhere"
    """Folders that became links or something else, the reverse, and links where a folder above such places stands."""
    USERS = "users and rights"
    """Users, groups, passwords, sudo, PAM, polkit and SELinux."""
    KEYS = "keys and certificates"
    """Keys, certificates, and the configuration of SSH and TLS."""
    EXECUTABLE = "programs and libraries"
    """Files that may be executed, shared libraries and kernel modules; links to these, and in their folders."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many names differ that stand at the top for one reason, each counted under the first of its reasons.

    Attributes:
        reason: why.
        names: how many, whether listed or not.
    """

    reason: Notable
    names: Count


def fair_part(groups: Iterable[Sequence[_Listed]], most: int) -> list[_Listed]:
    """The first of each group, in the order of the groups: ``most`` in all, and no long group displaces a short one."""
    lists = list(groups)
    shares = [0] * len(lists)
    by_length = sorted(range(len(lists)), key=lambda index: len(lists[index]))
    for waiting, index in zip(range(len(lists), 0, -1), by_length, strict=True):
        shares[index] = min(len(lists[index]), (most - sum(shares)) // waiting)
    return [one for group, share in zip(lists, shares, strict=True) for one in group[:share]]


_SYSTEMD: Final = rb"(?:etc|run|lib|usr/lib|usr/local/lib|usr/share)/systemd/"
_STARTED: Final = re.compile(
    _SYSTEMD + rb"(?:(?:system|user)(?:\.control|\.attached)?|generator(?:\.early|\.late)?|transient)(?:/|\Z)"
    rb"|" + _SYSTEMD + rb"(?:[a-z-]+-generators|[a-z-]+-preset|system-(?:shutdown|sleep))(?:/|\Z)"
    rb"|" + _SYSTEMD + rb"[^/]+\.conf(?:\.d)?(?:/|\Z)"
    rb"|etc/(?:init\.d|rc[0-9S]?\.d|cron[^/]*|profile\.d|modules-load\.d|modprobe\.d|ld\.so\.conf\.d)(?:/|\Z)"
    rb"|etc/(?:rc\.local|fstab|crypttab|inittab|crontab|anacrontab|profile|environment|bash\.bashrc|modules|ld\.so\.(?:preload|conf|cache))\Z"
    rb"|etc/(?:init|xdg/autostart|NetworkManager/dispatcher\.d|network/if-[^/]+\.d|initramfs-tools|kernel)(?:/|\Z)"
    rb"|(?:etc|lib|usr/lib)/(?:udev/rules\.d|tmpfiles\.d|sysctl\.d|binfmt\.d|environment\.d|dbus-1/system-services)(?:/|\Z)"
    rb"|(?:lib|usr/lib)/(?:modules-load\.d|modprobe\.d)(?:/|\Z)"
    rb"|usr/share/dbus-1/system-services(?:/|\Z)|var/spool/cron(?:/|\Z)|(?:usr/)?s?bin/init\Z",
    re.DOTALL,  # a name may hold a line feed
)
_USERS: Final = re.compile(
    rb"etc/(?:passwd|shadow|group|gshadow|subuid|subgid)-?\Z"
    rb"|etc/(?:sudoers|login\.defs|nsswitch\.conf|securetty|doas\.conf)\Z"
    rb"|etc/(?:sudoers\.d|pam\.d|security|polkit-1|selinux)(?:/|\Z)|etc/pam\.conf\Z"
    rb"|(?:lib|usr/lib)/(?:sysusers\.d|pam\.d)(?:/|\Z)|usr/share/(?:polkit-1|selinux)(?:/|\Z)"
    rb"|var/lib/(?:selinux|AccountsService)(?:/|\Z)",
    re.DOTALL,  # a name may hold a line feed
)
_KEYS: Final = re.compile(
    rb"etc/(?:ssh|ssl|pki|ca-certificates|gnupg|ipsec\.d|wireguard)(?:/|\Z)|etc/ca-certificates\.conf\Z"
    rb"|etc/apt/(?:trusted\.gpg(?:\.d)?|keyrings)(?:/|\Z)"
    rb"|usr/(?:local/)?share/(?:ca-certificates|keyrings)(?:/|\Z)|(?:.*/)?\.(?:ssh|gnupg)(?:/|\Z)|(?:.*/)?authorized_keys"
    rb"|.*\.(?:pem|crt|cer|der|key|pub|gpg|asc|p12|pfx|jks|kbx|kdb)\Z|(?:.*/)?id_(?:rsa|dsa|ecdsa|ed25519)\Z",
    re.DOTALL,  # a name may hold a line feed
)
_CODE: Final = re.compile(rb".*\.so(?:\.[0-9.]+)?\Z|.*\.ko(?:\.(?:xz|gz|zst))?\Z", re.DOTALL)
_ABOVE: Final = re.compile(
    rb"(?:etc|run|(?:usr/(?:local/)?)?(?:lib|share)|usr|usr/local|var)(?:/systemd|/udev|/dbus-1)?\Z"
    rb"|etc/(?:xdg|network|NetworkManager|apt)\Z|var/(?:lib|spool)\Z|(?:usr/(?:local/)?)?s?bin\Z|root\Z|home(?:/[^/]+)?\Z",
    re.DOTALL,
)
_PROGRAM_FOLDERS: Final = re.compile(rb"(?:.*/)?(?:s?bin|libexec|lib(?:32|64|x32)?)(?:/|\Z)", re.DOTALL)
_ACCESS_LISTS: Final = b"system.posix_acl_"
_LINK_FIELDS: Final = frozenset({"type", "link"})
_RUNNABLE: Final = 0o111
_OTHERS_WRITE: Final = stat.S_IWOTH
_PROGRAM_FIELDS: Final = frozenset({"type", "content", "mode", "owner", "link", "device", "label"})


def notable(path: bytes, sides: Collection[Entry], changed: Collection[str]) -> tuple[Notable, ...]:
    """Why a difference stands at the top; nothing where it does not.

    Args:
        path: relative to the root, without a leading slash.
        sides: what the base and the recovery image have there, one where the other has nothing.
        changed: the names of the fields that differ; empty where one has nothing.
    """
    found = []
    if any(map(_is_privileged, sides)):
        found.append(Notable.PRIVILEGED)
    leads_elsewhere = not changed or not _LINK_FIELDS.isdisjoint(changed)
    targets = (
        [_target(path, entry.target) for entry in sides if entry.target is not None]
        if leads_elsewhere
        else []
    )
    places = [path, *targets]
    if any(map(_STARTED.match, places)):
        found.append(Notable.STARTED)
    if (targets and _ABOVE.match(path)) or (
        "type" in changed and any(entry.type is FileType.DIRECTORY for entry in sides)
    ):
        found.append(Notable.ELSEWHERE)
    found += [
        kind
        for kind, pattern in ((Notable.USERS, _USERS), (Notable.KEYS, _KEYS))
        if any(map(pattern.match, places))
    ]
    is_program = any(
        entry.type is FileType.FILE and (entry.mode & _RUNNABLE or _CODE.match(path)) for entry in sides
    )
    if (is_program and (not changed or not _PROGRAM_FIELDS.isdisjoint(changed))) or (
        targets and any(_PROGRAM_FOLDERS.match(place) or _CODE.match(place) for place in places)
    ):
        found.append(Notable.EXECUTABLE)
    return tuple(found)


def _target(path: bytes, target: bytes) -> bytes:
    """Where a link points, relative to the root, by its text alone: other links on the way are not followed."""
    return posixpath.normpath(posixpath.join(b"/", posixpath.dirname(path), target)).lstrip(b"/")


def _is_privileged(entry: Entry) -> bool:
    if entry.type in (FileType.CHARACTER_DEVICE, FileType.BLOCK_DEVICE):
        return True
    if any(name.startswith(_ACCESS_LISTS) for name in entry.xattrs):
        return True
    if entry.type is FileType.FILE and (
        entry.mode & (stat.S_ISUID | stat.S_ISGID) or CAPABILITIES in entry.xattrs
    ):
        return True
    open_to_all = entry.type in (FileType.FILE, FileType.DIRECTORY) and bool(entry.mode & _OTHERS_WRITE)
    return open_to_all and not entry.mode & stat.S_ISVTX
