"""Where symbolic links lead, in trees of a few entries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from guestos.ext4.crafting import Refusal, refusal

from auditkit.guestos import Entry, FileType, Links
from auditkit.guestos.ext4.paths import components, shown
from auditkit.limits import LIMITS

OUT = "a symbolic link leads out of the image"
UNKNOWN = "nobody can say where a symbolic link of the image leads"
CIRCLE = "symbolic links lead in a circle"
STEPS = Refusal("the symbolic links of the image are longer than any real one's")


def entry(path: str, type_: FileType, target: bytes | None = None) -> Entry:
    return Entry(
        path=path.encode(),
        type=type_,
        mode=0o644,
        uid=0,
        gid=0,
        mtime_ns=0,
        size=0,
        target=target,
        device=None,
        xattrs={},
        inode=12,
        links=1,
    )


def tree(**links: str | bytes) -> list[Entry]:
    """A file, a directory with a file and a directory, and links by name; ``__`` in a name stands for a slash."""
    found = [
        entry("", FileType.DIRECTORY),
        entry("file", FileType.FILE),
        entry("device", FileType.BLOCK_DEVICE),
        entry("sub", FileType.DIRECTORY),
        entry("sub/file", FileType.FILE),
        entry("sub/b", FileType.DIRECTORY),
        entry("sub/b/file", FileType.FILE),
    ]
    for name, target in links.items():
        data = target if isinstance(target, bytes) else target.encode()
        found.append(entry(name.replace("__", "/"), FileType.SYMLINK, data))
    return found


@pytest.mark.parametrize(
    ("links", "path", "expected"),
    [
        ({}, "", b""),
        ({}, "/", b""),
        ({}, "sub/b/file", b"sub/b/file"),
        ({}, b"/sub//./b", b"sub/b"),
        ({}, "sub/b/../file", b"sub/file"),
        ({}, "sub/..", b""),
        ({"l": "file"}, "l", b"file"),
        ({"l": "sub"}, "l/b/file", b"sub/b/file"),
        ({"l": "sub/b/../.."}, "l/file", b"file"),
        ({"sub__l": "../file"}, "sub/l", b"file"),
        ({"sub__l": "b"}, "sub/l/file", b"sub/b/file"),
        ({"l": "m", "m": "sub/n", "sub__n": "b/file"}, "l", b"sub/b/file"),
        ({"l": "."}, "l/l/l/file", b"file"),
        # `l/a` leads to `sub/b`, so that `l/a/..` is `sub`
        ({"sub__a": "b"}, "sub/a/../file", b"sub/file"),
        ({"a": "sub/b"}, "a/../file", b"sub/file"),
    ],
)
def test_where_a_path_leads(links, path, expected):
    assert Links(tree(**links)).resolve(path) == expected


@pytest.mark.parametrize(
    ("links", "path", "expected"),
    [
        ({}, "nowhere", Refusal("there is no such file in the image", "/nowhere")),
        ({}, "sub/nowhere/file", Refusal("there is no such file in the image", "/sub/nowhere/file")),
        ({"l": "nowhere"}, "l", Refusal("there is no such file in the image", "/l")),
        ({}, "file/below", Refusal("part of a path is not a directory", "/file")),
        ({}, "sub/file/..", Refusal("part of a path is not a directory", "/sub/file")),
        ({}, "device/below", Refusal("part of a path is not a directory", "/device")),
        ({}, "device/..", Refusal("part of a path is not a directory", "/device")),
        ({"l": "sub/file/x"}, "l", Refusal("part of a path is not a directory", "/sub/file")),
        ({}, "..", Refusal(OUT, "/..")),
        ({}, "sub/../../file", Refusal(OUT, "/sub/../../file")),
        ({"l": "../file"}, "l", Refusal(OUT, "/l")),
        ({"l": "/file"}, "l", Refusal(OUT, "/l", observed="/file")),
        ({"l": b"/\xff"}, "l", Refusal(OUT, "/l", observed="/\\xff")),
        ({"l": "sub/m", "sub__m": "/"}, "l", Refusal(OUT, "/l", observed="/")),
        ({"l": "l"}, "l", Refusal(CIRCLE, "/l")),
        ({"l": "m", "m": "l"}, "l/file", Refusal(CIRCLE, "/l/file")),
    ],
)
def test_where_a_path_does_not_lead(links, path, expected):
    assert refusal(lambda: Links(tree(**links)).resolve(path)) == expected


@pytest.mark.parametrize(("count", "expected"), [(40, None), (41, Refusal(CIRCLE, "/l0"))])
def test_forty_links_on_one_path(count, expected):
    links = {f"l{n}": f"l{n + 1}" for n in range(count - 1)} | {f"l{count - 1}": "file"}
    assert refusal(lambda: Links(tree(**links)).resolve("l0")) == expected


def test_a_file_whose_entry_is_missing_from_the_tree():
    """Part of a tree was given: the root of it need not be there."""
    assert Links([entry("file", FileType.FILE)]).resolve("file") == b"file"
    assert refusal(lambda: Links([]).resolve("file")) == Refusal(
        "there is no such file in the image", "/file"
    )


@pytest.mark.parametrize(("steps", "expected"), [(5, None), (4, STEPS)])
def test_the_limit_on_steps_of_one_path(steps, expected):
    """`l`, then `sub`, `b`, `..` and `file`."""
    links = Links(tree(l="sub/b/../file"), limits=replace(LIMITS, link_steps=steps))
    assert refusal(lambda: links.resolve("l")) == expected


def test_the_limit_on_steps_is_that_of_all_questions_together():
    links = Links(tree(), limits=replace(LIMITS, link_steps=3))
    assert [links.resolve("file") for _ in range(3)] == [b"file"] * 3
    assert refusal(lambda: links.resolve("file")) == STEPS


# All links of a tree


@pytest.mark.parametrize(
    "target",
    [
        "file",
        "sub/b/..",
        "sub/b/../..",
        ".",
        "nowhere",
        "nowhere/at/all",
        "sub/nowhere",
        "file/below",
        "sub/../nowhere",
    ],
)
def test_links_that_stay_inside(target):
    assert refusal(Links(tree(l=target)).refuse_escapes) is None


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({"l": ".."}, Refusal(OUT, "/l")),
        ({"l": "sub/../../file"}, Refusal(OUT, "/l")),
        ({"sub__l": "../.."}, Refusal(OUT, "/sub/l")),
        ({"l": "/file"}, Refusal(OUT, "/l", observed="/file")),
        ({"l": "l"}, Refusal(CIRCLE, "/l")),
        ({"l": "nowhere/../file"}, Refusal(UNKNOWN, "/l", observed="nowhere/../file")),
        ({"l": "nowhere/.."}, Refusal(UNKNOWN, "/l", observed="nowhere/..")),
        ({"l": "file/.."}, Refusal(UNKNOWN, "/l", observed="file/..")),
        ({"l": "device/.."}, Refusal(UNKNOWN, "/l", observed="device/..")),
        ({"l": "nowhere/../.."}, Refusal(OUT, "/l", observed="nowhere/../..")),
        ({"l": "sub/nowhere/../.."}, Refusal(UNKNOWN, "/l", observed="sub/nowhere/../..")),
        ({"l": "sub/nowhere/../../.."}, Refusal(OUT, "/l", observed="sub/nowhere/../../..")),
        ({"l": "nowhere/../../sub/b"}, Refusal(OUT, "/l", observed="nowhere/../../sub/b")),
        ({"l": b"\xff/../x"}, Refusal(UNKNOWN, "/l", observed="\\xff/../x")),
        ({"a": "sub/b", "l": "a/../../../x"}, Refusal(OUT, "/l")),
        ({"good": "file", "l": ".."}, Refusal(OUT, "/l")),
    ],
)
def test_links_that_lead_out(links, expected):
    assert refusal(Links(tree(**links)).refuse_escapes) == expected


# Paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", []),
        ("/", []),
        (".", []),
        ("a/b", [b"a", b"b"]),
        ("//a/./b//", [b"a", b"b"]),
        ("a/../b", [b"a", b"..", b"b"]),
        ("...", [b"..."]),
        (b"\xff/a", [b"\xff", b"a"]),
        ("\udcff", [b"\xff"]),
    ],
)
def test_components(path, expected):
    assert components(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/"),
        ("a/b", "/a/b"),
        ("/a", "/a"),
        ("//a", "/a"),
        (b"a\xff", "/a\\xff"),
        ("\udcff", "/\\xff"),
        ("ä", "/ä"),
    ],
)
def test_shown(path, expected):
    assert shown(path) == expected
