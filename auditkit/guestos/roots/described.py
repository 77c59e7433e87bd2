"""What one root file system has under a name, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from auditkit.guestos.ext4 import Entry, FileType
from auditkit.guestos.roots.capabilities import ATTRIBUTE as CAPABILITIES
from auditkit.guestos.roots.capabilities import capabilities_in_words
from auditkit.numbers import Count

_LABEL: Final = b"security.selinux"
_SHOWN: Final = 4096  # bytes of one attribute


def name_as_text(data: bytes) -> str:
    """A name as text, no two alike: bytes that are not UTF-8, backslashes, and the bracket by which characters that
    cannot be seen are spelled out, as backslash escapes."""
    text = data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return text.replace("⟨", "\\u27e8")


@dataclass(frozen=True, slots=True)
class Described:
    """What there is under a name. Text is as others wrote it, by `name_as_text`.

    Attributes:
        type: such as ``file`` or ``symlink``.
        mode: permission bits, set-uid, set-gid and sticky, as four octal digits.
        owner: numbers of user and group, such as ``0:0``.
        size: bytes of a regular file; None for everything else.
        link: where a symbolic link points; None for everything else.
        device: major and minor number of a device, such as ``1:3``; None for everything else.
        hard_link: path of the first name of the same file; None where this is the first.
        label: SELinux label; None where there is none.
        capabilities: of the file, in words; None where there are none.
        attributes: all other extended attributes, values in hex digits, the first 4096 bytes of each.
    """

    type: FileType
    mode: str
    owner: str
    size: Count | None
    link: str | None
    device: str | None
    hard_link: str | None
    label: str | None
    capabilities: str | None
    attributes: Mapping[str, str] = field(default_factory=dict)


def described(entry: Entry, first: bytes | None) -> Described:
    """An entry as text.

    Args:
        first: path of the first name of the same file, None where this is the first.
    """
    others = {
        name_as_text(name): value[:_SHOWN].hex()
        for name, value in entry.xattrs.items()
        if name not in (_LABEL, CAPABILITIES)
    }
    label, capabilities = entry.xattrs.get(_LABEL), entry.xattrs.get(CAPABILITIES)
    return Described(
        type=entry.type,
        mode=f"{entry.mode:04o}",
        owner=f"{entry.uid}:{entry.gid}",
        size=entry.size if entry.type is FileType.FILE else None,
        link=None if entry.target is None else name_as_text(entry.target),
        device=None if entry.device is None else f"{entry.device[0]}:{entry.device[1]}",
        hard_link=None if first is None else "/" + name_as_text(first),
        label=None if label is None else name_as_text(label.removesuffix(b"\0")),
        capabilities=None if capabilities is None else capabilities_in_words(capabilities),
        attributes=others,
    )


def changed_fields(base: Entry, recovery: Entry, *, content: bool, hard_link: bool) -> tuple[str, ...]:
    """The names of the fields on which two entries of one name differ, what is run or read first.

    Args:
        content: whether the content differs.
        hard_link: whether the first name of the file differs.
    """
    attributes = [
        {name: value for name, value in entry.xattrs.items() if name not in (_LABEL, CAPABILITIES)}
        for entry in (base, recovery)
    ]
    differ = {
        "type": base.type is not recovery.type,
        "content": content,
        "link": base.target != recovery.target,
        "device": base.device != recovery.device,
        "mode": base.mode != recovery.mode,
        "owner": (base.uid, base.gid) != (recovery.uid, recovery.gid),
        "capabilities": base.xattrs.get(CAPABILITIES) != recovery.xattrs.get(CAPABILITIES),
        "label": base.xattrs.get(_LABEL) != recovery.xattrs.get(_LABEL),
        "attributes": attributes[0] != attributes[1],
        "hard_link": hard_link,
    }
    return tuple(name for name, differs in differ.items() if differs)
