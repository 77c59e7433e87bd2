"""What is fuzzed of `auditkit.guestos`: ext4 images, update images, boot_args."""

from __future__ import annotations

import io
import shlex
import struct
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from unittest import mock

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, FileType, Links, parse_boot_args, read_update_image, tree_manifest
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.crc import crc32c
from auditkit.limits import KIB, LIMITS, MIB
from tests.fuzz.promises import hold

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK = KIB
BLOCKS_MAX = 4_096
SMALL = replace(
    LIMITS,
    tree_bytes=MIB,
    file_bytes=MIB,
    directory_bytes=64 * KIB,
    tree_entries=1_000,
    file_system_items=10_000,
    boot_image_bytes=MIB,
    overlay_bytes=MIB,
)
_PLACE = struct.Struct("<H")


def packed(image: bytes) -> bytes:
    """An image without its empty blocks: their number, and each other one behind its place."""
    places = [n for n in range(len(image) // BLOCK) if any(image[n * BLOCK : (n + 1) * BLOCK])]
    blocks = (_PLACE.pack(place) + image[place * BLOCK : (place + 1) * BLOCK] for place in places)
    return _PLACE.pack(len(image) // BLOCK) + b"".join(blocks)


def unpacked(data: bytes) -> bytes:
    """The image that ``data`` stands for, with a superblock whose checksum is right."""
    count = min(int.from_bytes(data[:2], "little"), BLOCKS_MAX)
    image = bytearray(count * BLOCK)
    for start in range(2, len(data), 2 + BLOCK):
        place = int.from_bytes(data[start : start + 2], "little")
        block = data[start + 2 : start + 2 + BLOCK]
        if place < count:
            image[place * BLOCK : place * BLOCK + len(block)] = block
    if count >= 2:
        image[0x7FC:0x800] = struct.pack("<I", crc32c(0xFFFFFFFF, bytes(image[0x400:0x7FC])))
    return bytes(image)


def unchecked() -> mock._patch:
    """A file system whose checksums are all taken for right: whoever makes an image on purpose makes them so."""
    names = ("check_descriptor", "check_inode", "check_extent_block", "check_attribute_block")
    return mock.patch.multiple(
        Checksums,
        **dict.fromkeys((*names, "check_index_block"), lambda *_, **__: None),
        check_directory_block=lambda self, number, seed, data: len(data) - (12 if self.present else 0),
    )


def fuzz_ext4(data: bytes) -> None:
    """Every path once, every size kept, and the same content in pieces and as a whole."""
    with unchecked():
        try:
            with Ext4(io.BytesIO(unpacked(data)), limits=SMALL) as fs:
                manifest = tree_manifest(fs, limits=SMALL)
                files = [one for one in manifest if one.entry.type is FileType.FILE][:20]
                contents = [fs.read(one.entry.path) for one in files]
                links = Links((one.entry for one in manifest), limits=SMALL)
        except EvidenceError:
            return
    paths = [one.entry.path for one in manifest]
    hold(len(set(paths)) == len(paths), "a path is there once")
    hold(paths[0] == b"", "the root comes first")
    for one, content in zip(files, contents, strict=True):
        hold(len(content) == one.entry.size, "a file has its size")
        hold(sha256(content).hexdigest() == one.sha256, "one content")
    try:
        links.refuse_escapes()
    except EvidenceError:
        return


def fuzz_update_image(data: bytes) -> None:
    """The boot partition is the one that Python's own tarfile finds, whatever else is asked for."""
    stream = zstd.compress(data, 1)
    found = []
    for digest, verity in ((False, False), (True, True)):
        with tempfile.TemporaryDirectory(prefix="auditkit-fuzz-") as work:
            try:
                image = read_update_image(
                    io.BytesIO(stream), work=Path(work), digest=digest, verity=verity, limits=SMALL
                )
            except EvidenceError:
                continue
            found.append(image.boot_image.read_bytes())
            hold(image.sha256 is None or image.sha256 == sha256(stream).hexdigest(), "the digest of the file")
    if found:
        hold(len(set(found)) == 1, "one boot partition")
        other = boot_of_tarfile(data)
        hold(other is None or other == found[0], "the boot partition of tarfile")


def boot_of_tarfile(data: bytes) -> bytes | None:
    """The boot partition as Python reads it; None where it does not read the archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if member.name.removeprefix("./") == "boot.img":
                    file = archive.extractfile(member)
                    return file.read() if file else None
    except (tarfile.TarError, EOFError, ValueError, OSError):
        pass
    return None


def fuzz_boot_args(data: bytes) -> None:
    """A line that is given out is what a shell's lexer reads, and part of the file."""
    try:
        found = parse_boot_args(data)
    except EvidenceError:
        return
    text = data.decode() if found.lines else ""
    for name, line in found.lines.items():
        (last,) = [one for one in text.split("\n") if one.strip().startswith(f"{name}=")][-1:]
        # Python's lexer leaves the backslash of these two inside quotes, as no shell does.
        if "\\`" not in last and "\\$" not in last:
            hold(shlex.split(last.strip(), comments=True) == [f"{name}={line.text}"], "a shell reads it so")
        hold(line.root_hash is None or f"root_hash={line.root_hash}" in line.text.lower(), "its root hash")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "ext4": fuzz_ext4,
    "update-image": fuzz_update_image,
    "boot-args": fuzz_boot_args,
}
