"""Differently made pairs of roots: debugfs, which reads both images by itself, must see the same differences."""

from __future__ import annotations

import functools
import hashlib
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guestos.conftest import fill_tree

from auditkit.guestos.roots import RootComparison, compare_roots, first_pass

PLAIN = ("-O", "^has_journal")
PAIRS = {
    "two of one kind": (PLAIN, PLAIN),
    "extents and block maps": (PLAIN, ("-O", "^has_journal,^extents,^64bit")),
    "without checksums": (("-O", "^has_journal,^metadata_csum"), PLAIN),
    "content in inodes": (PLAIN, ("-O", "^has_journal,inline_data", "-I", "512")),
    "old inodes": (("-O", "^has_journal", "-I", "128"), PLAIN),
    "small groups": (("-O", "^has_journal,^flex_bg,^resize_inode", "-g", "2048"), PLAIN),
}
FEW_PAIRS = ("extents and block maps", "content in inodes")


def change(tree: Path) -> None:
    """Changes of every kind."""
    noise = random.Random(9)
    (tree / "tiny").write_bytes(b"y")
    (tree / "inline-60").write_bytes(noise.randbytes(61))
    (tree / "block").unlink()
    (tree / "new").write_bytes(b"new\n")
    (tree / "link-155").unlink()
    (tree / "link-155").symlink_to("t" * 154 + "u")
    (tree / "setuid").chmod(0o711)
    (tree / "one").chmod(0o755)
    with (tree / "many-runs").open("r+b") as file:
        file.seek(500 * 8192 + 77)
        file.write(b"one of many")
    with (tree / "holes").open("r+b") as file:
        file.seek(8_000_000)
        file.write(b"no hole any more")
    (tree / "one/two/three/again").unlink()
    (tree / "one/two/three/again").write_bytes(b"deep")
    (tree / "crowd" / "a-rather-long-name-of-an-empty-file-00700").write_bytes(b"not empty")
    (tree / "crowd" / "another").touch()
    Path(os.fsdecode(bytes(tree) + b"/name-\xff\x01")).write_bytes(b"nor utf-8")
    os.chown(tree / "empty", 12, 34)
    if os.getuid() == 0:
        os.mknod(tree / "device", 0o20600, os.makedev(5, 300))


def judged(image: Path, out: Path, program: Callable[[str], str]) -> dict[bytes, tuple]:
    """What debugfs says there is under each name: type and mode, owner, inode, and what it is."""
    out.mkdir()

    def run(commands: list[bytes]) -> bytes:
        return subprocess.run(
            [program("debugfs"), "-f", "-", image],
            input=b"\n".join(commands) + b"\n",
            capture_output=True,
            check=True,
        ).stdout

    run([b"rdump / " + bytes(out)])
    found: dict[bytes, tuple] = {}
    folders = [(b"", b"2")]
    while folders:
        listing = run([b"ls -p <%s>" % inode for _, inode in folders])
        parts = listing.split(b"debugfs: ls -p <")[1:]
        following = []
        for (folder, _), part in zip(folders, parts, strict=True):
            for inode, mode, uid, gid, name in re.findall(rb"(?m)^/(\d+)/(\d+)/(\d+)/(\d+)/(.*)/\d*/$", part):
                if name == b".." or (name == b"." and folder):
                    continue
                path = b"" if name == b"." else folder + name
                found[path] = (int(mode, 8), int(uid), int(gid), inode)
                if int(mode, 8) >> 12 == 4 and path:
                    following.append((path + b"/", inode))
        folders = following
    stats = run([b"stat <%s>" % of[3] for of in found.values()]).split(b"debugfs: stat <")[1:]
    inodes: dict[bytes, bytes] = {}
    for (path, (mode, uid, gid, inode)), stat in zip(found.items(), stats, strict=True):
        first = inodes.setdefault(inode, path) if mode >> 12 != 4 else path
        found[path] = (
            mode,
            uid,
            gid,
            first if first != path else None,
            dict(facts(mode, bytes(out) + b"/" + path, stat)),
        )
    return found


def facts(mode: int, place: bytes, stat: bytes) -> Iterator[tuple[str, object]]:
    if mode >> 12 == 8:
        # It writes 60 bytes of what stands in an inode, however short, and no hole at the end of a file.
        size = int(re.search(rb"Size: (\d+)", stat)[1])
        data = Path(os.fsdecode(place)).read_bytes()[:size].ljust(size, b"\0")
        yield "content", hashlib.sha256(data).hexdigest()
    elif mode >> 12 == 10:
        yield "link", os.readlink(place)
    elif mode >> 12 in (2, 6):
        yield "device", re.search(rb"Device major/minor number: (\S+)", stat)[1]
    if attributes := re.search(rb"(?s)Extended attributes:(.*?)(?:Inode checksum|EXTENTS|BLOCKS|$)", stat):
        yield "attributes", re.sub(rb"\s*system\.data \(.*", b"", attributes[1]).strip() or None


def said(comparison: RootComparison) -> dict[bytes, tuple[str, ...]]:
    found = {}
    for one in comparison.differences:
        path = bytes.fromhex(one.path_hex) if one.path_hex else one.path.lstrip("/").encode()
        found[path] = (one.kind.value,) if one.kind in ("added", "removed") else one.changed
    return found


def expected(base: dict[bytes, tuple], recovery: dict[bytes, tuple]) -> dict[bytes, tuple[str, ...]]:
    found = {}
    for path in base.keys() | recovery.keys():
        if path not in recovery or path not in base:
            found[path] = ("added" if path in recovery else "removed",)
            continue
        (mode, uid, gid, first, facts), (other_mode, other_uid, other_gid, other_first, others) = (
            base[path],
            recovery[path],
        )
        changed = {
            "type": mode >> 12 != other_mode >> 12,
            "content": facts.get("content") != others.get("content"),
            "link": facts.get("link") != others.get("link"),
            "device": facts.get("device") != others.get("device"),
            "mode": mode & 0o7777 != other_mode & 0o7777,
            "owner": (uid, gid) != (other_uid, other_gid),
            "attributes": facts.get("attributes") != others.get("attributes"),
            "hard_link": first != other_first,
        }
        if any(changed.values()):
            found[path] = tuple(name for name, differs in changed.items() if differs)
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pairs")
    fill_tree(folder / "base")
    subprocess.run(["cp", "-a", folder / "base", folder / "recovery"], check=True)
    change(folder / "recovery")
    return folder / "base", folder / "recovery"


@pytest.fixture(scope="module")
def root_of(tmp_path_factory, make_root, program) -> Callable[..., tuple[Path, dict[bytes, tuple]]]:
    """A function that gives a root of a tree and what debugfs says of it; each is made once."""

    @functools.cache
    def made(tree: Path, options: tuple[str, ...]) -> tuple[Path, dict[bytes, tuple]]:
        folder = tmp_path_factory.mktemp("root")
        root = make_root(folder / "root.img", tree, *options, size="64M")
        return root, judged(root, folder / "out", program)

    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair", [pytest.param(pair, marks=() if pair in FEW_PAIRS else pytest.mark.gate) for pair in PAIRS]
)
def test_the_differences_are_those_that_debugfs_sees(pair, source, root_of):
    (base, of_base), (recovery, of_recovery) = map(root_of, source, PAIRS[pair])
    wanted = expected(of_base, of_recovery)
    assert len(wanted) == 14 + (os.getuid() == 0)
    assert said(compare_roots(base, recovery)) == wanted


@pytest.mark.gate
@pytest.mark.slow
def test_an_update_image_is_as_its_root(tmp_path, source, make_root, pack_root, monkeypatch):
    roots = [
        make_root(tmp_path / name, tree, size="64M")
        for name, tree in zip(("base.img", "recovery.img"), source, strict=True)
    ]
    wanted = compare_roots(*roots)
    packed = [pack_root(root) for root in roots]
    assert compare_roots(*packed) == wanted
    assert compare_roots(packed[0], roots[1]) == wanted
    # Without the nodes of extent trees from the first pass there is a third one, and nothing else changes.
    monkeypatch.setattr(first_pass, "_NODES_MAX", 0)
    assert compare_roots(*packed) == wanted


@pytest.mark.thorough
def test_twenty_thousand_files(tmp_path, make_root, program):
    noise = random.Random(20)
    for side in ("base", "recovery"):
        for number in range(20_000):
            place = tmp_path / side / f"{number % 40:02}" / f"{number:05}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b"%s %d" % (side.encode() if number % 2 else b"both", number))
            if side == "recovery" and not noise.randrange(100):
                place.chmod(0o600)
    roots = [
        make_root(tmp_path / f"{side}.img", tmp_path / side, "-N", "24000", size="160M")
        for side in ("base", "recovery")
    ]
    wanted = expected(*(judged(root, tmp_path / f"{root.name}.out", program) for root in roots))
    found = compare_roots(*roots)
    assert said(found) == wanted
    assert found.counts.changed == 10_000
    assert len(found.folders) == 40
    assert sum(one.counts.total for one in found.folders) == found.counts.total
