"""An entry of a tree as one line of text, and back: what a comparison of trees looks at, and nothing else.

    /vmlinuz type=symlink mode=0777 owner=0:0 time=0 link=vmlinuz-6.17.0 xattr.security.selinux=73797374656d5f7500

Names and link targets are percent-encoded bytes, times are nanoseconds since 1970, attribute values are hex.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from auditkit.digests import is_sha256
from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Entry, FileType
from auditkit.guestos.tree.manifest import ManifestEntry

_UNQUOTED: Final = "/:+@,.-_~"
_ATTRIBUTE: Final = "xattr."


def entry_line(item: ManifestEntry) -> str:
    """The line of an entry. Inode numbers, numbers of links and the sizes of folders are not in it."""
    entry = item.entry
    fields = {
        "type": entry.type.value,
        "mode": f"{entry.mode:04o}",
        "owner": f"{entry.uid}:{entry.gid}",
        "time": str(entry.mtime_ns),
    }
    if item.sha256 is not None:
        fields |= {"size": str(entry.size), "sha256": item.sha256}
    if entry.target is not None:
        fields["link"] = quoted(entry.target)
    if entry.device is not None:
        fields["device"] = f"{entry.device[0]}:{entry.device[1]}"
    if item.hard_link_to is not None:
        fields["same-as"] = "/" + quoted(item.hard_link_to)
    fields |= {_ATTRIBUTE + quoted(name): value.hex() for name, value in entry.xattrs.items()}
    return " ".join((f"/{quoted(entry.path)}", *(f"{name}={value}" for name, value in fields.items())))


def parse_entry_line(line: str) -> ManifestEntry:
    """The entry of a line that `entry_line` wrote.

    Raises:
        EvidenceError: it is not such a line.
    """
    path, *parts = line.split(" ")
    fields = dict(part.partition("=")[::2] for part in parts)
    try:
        item = _entry(path, fields)
    except (KeyError, ValueError):
        item = None
    if item is None or entry_line(item) != line:
        raise EvidenceError("a line does not describe an entry of a tree", observed=line[:200])
    return item


def quoted(data: bytes) -> str:
    """Bytes as ASCII text; `unquoted` gives them back."""
    return quote_from_bytes(data, safe=_UNQUOTED)


def unquoted(text: str) -> bytes:
    """The bytes of a text that `quoted` wrote.

    Raises:
        EvidenceError: it is not such a text.
    """
    data = unquote_to_bytes(text)
    if quoted(data) != text:
        raise EvidenceError("a name is not written as auditkit writes it", observed=text[:200])
    return data


def _entry(path: str, fields: dict[str, str]) -> ManifestEntry | None:
    kind = FileType(fields["type"])
    digest = fields.get("sha256")
    target = unquoted(fields["link"]) if "link" in fields else None
    if (kind is FileType.FILE) != (digest is not None and is_sha256(digest)):
        return None
    if (kind is FileType.SYMLINK) != bool(target):
        return None
    is_device = kind in (FileType.CHARACTER_DEVICE, FileType.BLOCK_DEVICE)
    if is_device != ("device" in fields):
        return None
    name = unquoted(path.removeprefix("/"))
    if name and not {b"", b".", b".."}.isdisjoint(name.split(b"/")):
        return None
    uid, gid = map(int, fields["owner"].split(":"))
    entry = Entry(
        path=name,
        type=kind,
        mode=int(fields["mode"], 8),
        uid=uid,
        gid=gid,
        mtime_ns=int(fields["time"]),
        size=int(fields["size"]) if digest is not None else len(target or b""),
        target=target,
        device=_pair(fields["device"]) if is_device else None,
        xattrs={
            unquoted(name.removeprefix(_ATTRIBUTE)): bytes.fromhex(value)
            for name, value in fields.items()
            if name.startswith(_ATTRIBUTE)
        },
        inode=0,
        links=1,
    )
    first = fields.get("same-as")
    return ManifestEntry(entry, digest, None if first is None else unquoted(first.removeprefix("/")))


def _pair(text: str) -> tuple[int, int]:
    major, minor = map(int, text.split(":"))
    return major, minor
