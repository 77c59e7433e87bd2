"""The images of e2fsprogs' own tests, most of them damaged on purpose: read as debugfs reads them, or refused.

debugfs says what is in an image, e2fsck whether it is sound. Where either differs from us on purpose, a table says why;
docs/peers.md repeats it.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, FileType
from auditkit.guestos.archive.zstd_stream import zstd
from auditkit.guestos.ext4.entry import Entry

# what we say of an image that e2fsck finds sound (exit status 0), and why we refuse it all the same
SOUND_FOR_E2FSCK = {
    "its journal still has to be replayed": "with and without the replay it is two file systems",
    "says that it is not clean": "the kernel marks a file system clean when it unmounts it",
    "the block size is not 1, 2 or 4 KiB": "the kernel mounts no blocks above a page; releases have 4 KiB",
    "features that this reader does not read": "what is in no release is refused, not read half",
    "the ext4 revision is unknown": "revision 0 has no features and is older than ext4",
    "the checksum of block group 0 is wrong": "e2fsck passes over what it can mend; we mend nothing",
    "group descriptors of 128 bytes": "the layout defines descriptors of 32 and of 64 bytes",
    "inodes of 0 bytes": "the superblock is damaged; e2fsck goes on with a backup of it",
    "extent tree of depth 7": "the kernel follows an extent tree five levels down",
}

_BEHIND = "debugfs goes on in blocks behind the end of the directory; the kernel and e2fsck stop there"
# on what debugfs says something else than we do, and why
OTHERWISE_THAN_DEBUGFS = {
    "d_inline_dump": (
        "content",
        "debugfs fills an inline file of 20 bytes up to 60 with zeros; the kernel gives 20",
    ),
    "f_clear_xattr": (
        "attributes",
        "debugfs asks the feature ext_attr before it shows attributes, the kernel does not",
    ),
    "f_hugedir_blocks": ("complaint", _BEHIND),
    "f_toobig_extent_dir": ("complaint", _BEHIND),
}

_LISTED = re.compile(rb"/(?P<inode>\d+)/(?P<mode>\d{6})/\d+/\d+/(?P<name>.*)/\d*/")
_STAT = re.compile(
    rb"Type: (?P<type>.+?) +Mode: +(?P<mode>\d+) .*?"
    rb"User: +(?P<uid>\d+) +Group: +(?P<gid>\d+)\s.*?Size: (?P<size>\d+).*?Links: (?P<links>\d+).*?"
    rb"\bmtime: 0x(?P<mtime>[0-9a-f]+)(?::(?P<extra>[0-9a-f]+))?",
    re.DOTALL,
)
_DEVICE = re.compile(rb"Device major/minor number: (\d+):(\d+) ")
_FAST_LINK = re.compile(rb'Fast link dest: "(.*)"')
_ATTRIBUTE = re.compile(rb"^  (\S+) \((\d+)\)", re.MULTILINE)
_TYPES = {
    b"regular": FileType.FILE,
    b"directory": FileType.DIRECTORY,
    b"symlink": FileType.SYMLINK,
    b"FIFO": FileType.FIFO,
    b"socket": FileType.SOCKET,
    b"character special": FileType.CHARACTER_DEVICE,
    b"block special": FileType.BLOCK_DEVICE,
}


@dataclass(frozen=True)
class Read:
    """What we read in an image."""

    entries: list[Entry]
    contents: dict[int, bytes]

    def below(self, folder: Entry) -> dict[bytes, int]:
        start = folder.path + b"/" if folder.path else b""
        names = {
            one.path.removeprefix(start): one.inode for one in self.entries if one.path.startswith(start)
        }
        return {name: inode for name, inode in names.items() if name and b"/" not in name}


def read(image: Path) -> Read:
    """The whole image.

    Raises:
        EvidenceError: it is refused.
    """
    with Ext4(image) as fs:
        entries = list(fs.walk())
        files = [entry for entry in entries if entry.type is FileType.FILE]
        return Read(entries, {entry.inode: b"".join(fs.chunks(entry)) for entry in files})


def differences(ours: Read, image: Path, debugfs: str, folder: Path) -> set[str]:
    """On what debugfs, which addresses by inode numbers here, says something else than we do."""
    folder.mkdir()
    commands = []
    for entry in ours.entries:
        place = f"<{entry.inode}>"
        commands += [f"stat {place}", f"ea_list {place}"]
        if entry.type is FileType.DIRECTORY:
            commands.append(f"ls -p {place}")
        if entry.type in (FileType.FILE, FileType.SYMLINK):
            commands.append(f"dump {place} {folder}/{entry.inode}")
    done = subprocess.run(
        [debugfs, "-f", "-", image], input="\n".join(commands).encode() + b"\n",
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    said: dict[str, bytes] = {}
    for part in re.split(rb"^debugfs: ", done.stdout, flags=re.MULTILINE)[1:]:
        command, _, text = part.partition(b"\n")
        said[command.decode()] = text
    assert set(said) == set(commands)
    found = {"complaint"} if b"corrupted" in done.stderr else set()
    for entry in ours.entries:
        found |= _entry_differences(ours, entry, said, folder / str(entry.inode))
    return found


def _entry_differences(ours: Read, entry: Entry, said: dict[str, bytes], dumped: Path) -> set[str]:
    place = f"<{entry.inode}>"
    stat = said[f"stat {place}"]
    facts = _STAT.search(stat)
    assert facts, stat
    theirs: dict[str, object] = {
        "type": _TYPES[facts["type"]],
        "mode": int(facts["mode"], 8),
        "owner": (int(facts["uid"]), int(facts["gid"])),
        "size": int(facts["size"]),
        "links": int(facts["links"]),
        "second": int(facts["mtime"], 16) & 0xFFFFFFFF,
        "attributes": {
            name: int(size)
            for name, size in _ATTRIBUTE.findall(said[f"ea_list {place}"])
            if name != b"system.data"  # the inline content, which debugfs lists among them
        },
    }
    mine: dict[str, object] = {
        "type": entry.type,
        "mode": entry.mode,
        "owner": (entry.uid, entry.gid),
        "size": entry.size,
        "links": entry.links,
        "second": entry.mtime_ns // 10**9 & 0xFFFFFFFF,
        "attributes": {name: len(value) for name, value in entry.xattrs.items()},
    }
    if entry.type is FileType.DIRECTORY:
        listed = [match for line in said[f"ls -p {place}"].split(b"\n") if (match := _LISTED.match(line))]
        theirs["names"] = {
            one["name"]: int(one["inode"])
            for one in listed
            if int(one["inode"]) and one["name"] not in (b".", b"..")
        }
        mine["names"] = ours.below(entry)
    if entry.type is FileType.FILE:
        theirs["content"], mine["content"] = dumped.read_bytes(), ours.contents[entry.inode]
    if entry.type is FileType.SYMLINK:
        fast = _FAST_LINK.search(stat)
        theirs["target"], mine["target"] = fast[1] if fast else dumped.read_bytes(), entry.target
    if entry.device is not None:
        device = _DEVICE.search(stat)
        assert device, stat
        theirs["device"], mine["device"] = (int(device[1]), int(device[2])), entry.device
    return {name for name in mine if mine[name] != theirs[name]}


@pytest.fixture(scope="module")
def images(peers: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The unpacked images by name."""
    folder = tmp_path_factory.mktemp("e2fsprogs")
    found = {}
    for packed in sorted((peers / "ext4" / "e2fsprogs").glob("*.gz")):
        image = folder / packed.stem
        with image.open("wb") as file:
            data = gzip.decompress(packed.read_bytes())
            for at in range(0, len(data), 4096):  # they are mostly holes
                block = data[at : at + 4096]
                if block.count(0) < len(block):
                    file.seek(at)
                    file.write(block)
            file.truncate(len(data))
        found[packed.stem] = image
    assert len(found) >= 100
    return found


@pytest.fixture(scope="module")
def outcomes(images: dict[str, Path]) -> dict[str, Read | str]:
    """What we read in each image, or why we refuse it."""
    found: dict[str, Read | str] = {}
    for name, image in images.items():
        try:
            found[name] = read(image)
        except EvidenceError as error:
            found[name] = str(error)
    return found


def test_what_is_read_is_what_debugfs_reads(images, outcomes, tmp_path, program: Callable[[str], str]):
    other = {}
    compared = 0
    for name, outcome in outcomes.items():
        if isinstance(outcome, Read):
            found = differences(outcome, images[name], program("debugfs"), tmp_path / name)
            compared += 1
            if found:
                other[name] = found
    assert other == {name: {what} for name, (what, _) in OTHERWISE_THAN_DEBUGFS.items()}
    assert compared >= 40


def test_what_e2fsck_finds_sound_is_read(images, outcomes, program):
    sound = set()
    for name, image in images.items():
        done = subprocess.run([program("e2fsck"), "-fn", image], check=False, capture_output=True, timeout=60)
        if done.returncode == 0:
            sound.add(name)
    refused = {name: why for name, why in outcomes.items() if isinstance(why, str)}
    for name in sound & set(refused):
        assert any(kind in refused[name] for kind in SOUND_FOR_E2FSCK), (name, refused[name])
    for kind in SOUND_FOR_E2FSCK:
        assert any(kind in why for why in refused.values()), kind
    assert len(sound - set(refused)) >= 10


def test_images_of_ext4_view(peers, tmp_path, program):
    folder = peers / "ext4"
    image = tmp_path / "ext3"
    image.write_bytes(zstd.decompress((folder / "test_disk_ext3.bin.zst").read_bytes()))
    ours = read(image)
    assert len(ours.entries) == 1003
    assert differences(ours, image, program("debugfs"), tmp_path / "dumped") == set()
    image.write_bytes(zstd.decompress((folder / "test_disk_4k_block_journal.bin.zst").read_bytes()))
    with pytest.raises(EvidenceError, match="its journal still has to be replayed"):
        read(image)
