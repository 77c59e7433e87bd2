"""`auditkit compare-images` and `assemble`, judged by e2fsck, debugfs, tar and the practice release."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from commands import in_process as run

from auditkit import practice
from auditkit.guestos import Ext4, extract_tree, open_boot_source
from auditkit.pipeline.sources.places import fetch_proposal
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT

BASE = DATA / release_folder(BASE_COMMIT) / "update-img.tar.zst"
OTHER = DATA / release_folder(OTHER_COMMIT) / "update-img.tar.zst"
KEY = "practice"


@pytest.fixture(scope="module")
def proposals(tmp_path_factory) -> dict[str, Path]:
    from auditkit.evidence import save_proposal

    folder = tmp_path_factory.mktemp("proposals")
    found = {}
    with practice.serving() as network:
        for name in ("honest", "unlabelled", "still-open"):
            found[name] = folder / f"{name}.cbor"
            save_proposal(found[name], fetch_proposal((network.url,), practice.scenario(name).proposal_id))
    return found


@pytest.fixture(scope="module")
def boot(tmp_path_factory) -> Path:
    """The base's boot.img."""
    return open_boot_source(BASE, work=tmp_path_factory.mktemp("boot"))


def assemble(base: Path, proposal: Path, out: Path, *more: str | Path, capsys) -> None:
    status, _, err = run(
        "assemble", base, "--proposal", proposal, "--out", out, "--root-key", KEY, *more, capsys=capsys
    )
    assert status == 0, err


@pytest.fixture(scope="module")
def assembled(proposals, tmp_path_factory, program) -> Path:
    from auditkit.cli import main

    for name in ("mke2fs", "debugfs"):
        program(name)
    folder = tmp_path_factory.mktemp("assembled")
    with pytest.raises(SystemExit) as ended:
        main(
            ["assemble", str(BASE), "--proposal", str(proposals["honest"]), "--out", str(folder / "boot.tar"),
             "--image", str(folder / "boot.img"), "--root-key", KEY]
        )  # fmt: skip
    assert not ended.value.code
    return folder / "boot.img"


def test_the_tar_is_the_same_from_every_source(boot, proposals, program, tmp_path, capsys):
    dump = tmp_path / "rdump"
    dump.mkdir()
    subprocess.run([program("debugfs"), "-R", f"rdump / {dump}", boot], check=True, capture_output=True)
    sources = {"update": BASE, "boot": boot, "rdump": dump, "again": BASE}
    for name, source in sources.items():
        assemble(source, proposals["honest"], tmp_path / f"{name}.tar", capsys=capsys)
    digests = {hashlib.sha256((tmp_path / f"{name}.tar").read_bytes()).hexdigest() for name in sources}
    assert len(digests) == 1


def test_gnu_tar_makes_the_same_archive(proposals, program, tmp_path, capsys):
    assemble(BASE, proposals["honest"], tmp_path / "ours.tar", capsys=capsys)
    tree = tmp_path / "tree"
    tree.mkdir()
    subprocess.run([program("tar"), "-xf", tmp_path / "ours.tar", "-C", tree], check=True)
    names = sorted(os.listdir(tree))
    assert "alternative_guestos_proposal.cbor" in names
    assert (tree / "alternative_guestos_proposal.cbor").read_bytes() == proposals["honest"].read_bytes()
    subprocess.run(
        [program("tar"), "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--mtime=@0",
         "--format=gnu", "-cf", tmp_path / "theirs.tar", "-C", tree, "."],
        check=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert (tmp_path / "ours.tar").read_bytes() == (tmp_path / "theirs.tar").read_bytes()


def test_the_image_is_sound_and_measures_to_what_the_base_measures_to(assembled, program, capsys):
    checked = subprocess.run([program("e2fsck"), "-fn", assembled], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    status, ours, _ = run("measure", assembled, capsys=capsys)
    assert status == 0
    # the release's own list, which sev-snp-measure computed
    assert ours.encode() == (BASE.parent / "launch-measurements.json").read_bytes()


def test_the_assembled_image_is_the_base_with_the_proposal(assembled, proposals, capsys):
    status, out, _ = run(
        "compare-images", BASE, assembled, "--proposal", proposals["honest"], "--root-key", KEY, "--json",
        capsys=capsys,
    )  # fmt: skip
    document = json.loads(out)
    outcomes = {one["id"]: one["outcome"] for one in document["decisions"]}
    assert (status, document["verdict"]) == (2, "TROUBLE")  # a bare boot partition says nothing of the root
    assert document["differences"] == []
    assert [outcomes[f"recovery.{name}"] for name in ("tree", "proposal", "measurements")] == ["pass"] * 3
    assert outcomes["recovery.root-hash"] == "skip"  # a bare boot partition has no root


def changed(assembled: Path, tmp_path: Path, program, change) -> Path:
    """A boot partition made of the assembled tree after a change; of 16 MiB, for a digest of 1 GiB takes seconds."""
    from auditkit.pipeline import boot_partition

    tree = tmp_path / "changed"
    with Ext4(assembled) as fs:
        extract_tree(fs, tree)
    (tree / "lost+found").rmdir()
    change(tree)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boot_partition, "BOOT_PARTITION_BYTES", 16 << 20)
        boot_partition.write_boot_partition(tree, tmp_path / "changed.img")
    return tmp_path / "changed.img"


def extra(tree: Path) -> None:
    (tree / "authorized_keys").write_text("somebody\n")


def missing(tree: Path) -> None:
    (tree / "grub.cfg").unlink()


def kernel(tree: Path) -> None:
    path = next(tree.glob("vmlinuz-*"))
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def boot_args(tree: Path) -> None:
    text = (tree / "boot_args").read_text()
    (tree / "boot_args").write_text(text.replace("enforcing=1", "enforcing=0"))


def link(tree: Path) -> None:
    (tree / "vmlinuz").unlink()
    (tree / "vmlinuz").symlink_to("boot_args")


def binary(tree: Path) -> None:
    (tree / "version.txt").write_bytes(b"\x01\x02")


def other_type(tree: Path) -> None:
    (tree / "grub.cfg").unlink()
    (tree / "grub.cfg").mkdir()


@pytest.mark.parametrize(
    ("change", "first", "path", "excerpt"),
    [
        (extra, "recovery.tree", "/authorized_keys: added", ""),
        (missing, "recovery.tree", "/grub.cfg: missing", ""),
        (kernel, "recovery.tree", "/vmlinuz-6.17.0-practice: other content", ""),
        (boot_args, "recovery.tree", "/boot_args: other content", "enforcing=0"),
        (other_type, "recovery.tree", "/grub.cfg: other type", ""),
        (link, "recovery.tree", "/vmlinuz: other content", ""),
    ],
)
def test_each_change_is_named(change, first, path, excerpt, assembled, proposals, tmp_path, program, capsys):
    image = changed(assembled, tmp_path, program, change)
    status, out, _ = run(
        "compare-images", BASE, image, "--proposal", proposals["honest"], "--root-key", KEY, capsys=capsys
    )
    assert status == 1
    assert path in out
    assert excerpt in out
    failed = [line.split()[2].rstrip(":") for line in out.splitlines() if line.startswith("FAIL ")]
    assert failed[0] == first
    if change in (kernel, boot_args, link):
        assert "recovery.measurements" in failed


def test_a_file_that_is_not_text_is_shown_in_hex(assembled, proposals, tmp_path, program, capsys):
    def change(tree: Path) -> None:
        (tree / "grub.cfg").write_bytes(b"\x01\x02\xff")

    image = changed(assembled, tmp_path, program, change)
    _, out, _ = run(
        "compare-images", BASE, image, "--proposal", proposals["honest"], "--root-key", KEY, capsys=capsys
    )
    assert "+01 02 ff" in out


def test_metadata_alone_is_a_warning(assembled, proposals, tmp_path, program, capsys):
    image = tmp_path / "boot.img"
    subprocess.run(["cp", "--sparse=always", assembled, image], check=True)
    subprocess.run(
        [program("debugfs"), "-w", "-R", "sif /boot_args mode 0100600", image],
        check=True,
        capture_output=True,
    )
    status, out, _ = run(
        "compare-images", BASE, image, "--proposal", proposals["honest"], "--root-key", KEY, capsys=capsys
    )
    assert status == 2  # a bare boot partition says nothing of the root
    assert "/boot_args: other metadata: the base has mode 0644 and the recovery image has mode 0600" in out
    assert "warn 30 recovery.metadata" in out


def test_another_proposal_inside_is_refused(assembled, proposals, capsys):
    status, out, _ = run(
        "compare-images",
        BASE,
        assembled,
        "--proposal",
        proposals["unlabelled"],
        "--root-key",
        KEY,
        capsys=capsys,
    )
    assert status == 1
    assert "FAIL 31 recovery.proposal" in out


def test_a_proposal_that_fails_by_itself_is_refused(assembled, tmp_path, program, capsys):
    def change(tree: Path) -> None:
        path = tree / "alternative_guestos_proposal.cbor"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    image = changed(assembled, tmp_path, program, change)
    status, out, _ = run("compare-images", BASE, image, "--root-key", KEY, capsys=capsys)
    assert status == 1
    assert "fails its own checks" in out


def test_a_base_without_proposal_is_no_recovery_image(proposals, capsys):
    status, out, _ = run(
        "compare-images", BASE, BASE, "--proposal", proposals["honest"], "--root-key", KEY, capsys=capsys
    )
    assert status == 1
    assert "FAIL 29 recovery.tree" in out
    # the base's own root is not the blessed one
    assert "FAIL 33 recovery.root-hash" in out


def test_another_release_is_no_recovery_image(proposals, capsys):
    status, out, _ = run(
        "compare-images",
        BASE,
        OTHER,
        "--proposal",
        proposals["honest"],
        "--root-key",
        KEY,
        "--json",
        capsys=capsys,
    )
    paths = {one["path"] for one in json.loads(out)["differences"]}
    assert status == 1
    assert {"/OVMF_SEV.fd", "/boot_args", "/version.txt"} <= paths


def test_nothing_is_assembled_from_a_proposal_that_is_not_executed(proposals, tmp_path, capsys):
    status, out, _ = run(
        "assemble", BASE, "--proposal", proposals["still-open"], "--out", tmp_path / "boot.tar",
        "--root-key", KEY, capsys=capsys,
    )  # fmt: skip
    assert status == 1
    assert "proposal.stage" in out
    assert list(tmp_path.iterdir()) == []


def test_a_recovery_image_is_no_base(assembled, proposals, tmp_path, capsys):
    status, _, err = run(
        "assemble", assembled, "--proposal", proposals["honest"], "--out", tmp_path / "again.tar",
        "--root-key", KEY, capsys=capsys,
    )  # fmt: skip
    assert status == 2
    assert "holds a proposal already" in err
    assert not (tmp_path / "again.tar").exists()


@pytest.mark.parametrize(
    "kind", ["empty", "cut", *(pytest.param(kind, marks=pytest.mark.gate) for kind in ("noise", "zeros"))]
)
def test_hostile_images_end_in_one_line_in_time_and_memory(kind, proposals, tmp_path):
    content = {
        "empty": b"",
        "cut": BASE.read_bytes()[:200_000],
        "noise": os.urandom(1 << 20),
        "zeros": bytes(1 << 20),
    }[kind]
    (tmp_path / "image").write_bytes(content)
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (512 << 20,) * 2);"
        "from auditkit.cli import main; main(sys.argv[1:])"
    )
    spent = cpu_of_children()
    done = subprocess.run(
        [sys.executable, "-c", limited, "compare-images", BASE, tmp_path / "image", "--proposal",
         proposals["honest"], "--root-key", KEY],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert cpu_of_children() - spent < 5


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_folder_with_a_fifo_is_refused(proposals, tmp_path, capsys):
    (tmp_path / "tree").mkdir()
    os.mkfifo(tmp_path / "tree" / "fifo")
    status, _, err = run(
        "assemble", tmp_path / "tree", "--proposal", proposals["honest"], "--out", tmp_path / "boot.tar",
        "--root-key", KEY, capsys=capsys,
    )  # fmt: skip
    assert status == 2
    assert "neither file, folder nor link" in err


def test_python_reads_the_tar(proposals, tmp_path, capsys):
    assemble(BASE, proposals["honest"], tmp_path / "boot.tar", capsys=capsys)
    with tarfile.open(tmp_path / "boot.tar") as archive:
        members = archive.getmembers()
    assert all((one.uid, one.gid, one.mtime) == (0, 0, 0) for one in members)
    assert "./lost+found" not in {one.name for one in members}


def refused(base: Path, proposals, tmp_path: Path, capsys) -> str:
    """What `assemble` says when it refuses a base; nothing may have been written."""
    status, _, err = run(
        "assemble", base, "--proposal", proposals["honest"], "--out", tmp_path / "boot.tar",
        "--image", tmp_path / "boot.img", "--root-key", KEY, capsys=capsys,
    )  # fmt: skip
    assert status == 2
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "boot.tar").exists()
    assert not (tmp_path / "boot.img").exists()
    return err


@pytest.fixture
def folder(boot, tmp_path) -> Path:
    """The base's boot tree as a folder."""
    with Ext4(boot) as fs:
        extract_tree(fs, tmp_path / "base")
    return tmp_path / "base"


# three lines for debugfs, the second of which would write a file into the current folder
PROGRAM = "a\ndump boot_args written-by-debugfs\nb"


@pytest.mark.parametrize("name", [PROGRAM, "an \x1b[2J escape", "\x7f", "\u2028", "\xff\udcff"])
def test_a_name_that_is_not_printable_is_refused(
    name, folder, proposals, tmp_path, program, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (folder / name).touch()
    assert "not printable text" in refused(folder, proposals, tmp_path, capsys)
    image = tmp_path / "image"
    command = [program("mke2fs"), "-q", "-F", "-t", "ext4", "-d", folder, image, "16M"]
    subprocess.run(command, check=True, capture_output=True)
    assert "not printable text" in refused(image, proposals, tmp_path, capsys)
    assert {path.name for path in tmp_path.iterdir()} == {"base", "image"}


def test_names_are_no_part_of_the_program_that_sets_times_and_labels(
    folder, proposals, tmp_path, program, capsys
):
    """To debugfs `<2>` is the root folder, and a quote or a space ends a word."""
    for name in ("mke2fs", "debugfs"):
        program(name)
    odd = ["<2>", 'a "quoted" name', "a b", "#", "-w"]
    for name in odd:
        (folder / name).write_text(name)
    image = tmp_path / "boot.img"
    assemble(folder, proposals["honest"], tmp_path / "boot.tar", "--image", image, capsys=capsys)
    checked = subprocess.run([program("e2fsck"), "-fn", image], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    with Ext4(image) as fs:
        found = {entry.path: entry for entry in fs.walk() if entry.path != b"lost+found"}
        for name in odd:
            assert fs.read(name) == name.encode()
    assert {(entry.uid, entry.gid, entry.mtime_ns) for entry in found.values()} == {(0, 0, 0)}
    labels = {entry.xattrs.get(b"security.selinux") for path, entry in found.items() if path}
    assert labels == {b"system_u:object_r:boot_t:s0\0"}
    assert b"security.selinux" not in found[b""].xattrs


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("evil", "/etc/passwd"),
        ("evil", "../outside"),
        ("deep/evil", "a/../../../outside"),  # deep/a is a link to the root: by its text this stays inside
        ("vmlinuz.old", "../base/vmlinuz"),
        ("linked-folder", "/etc"),
    ],
)
def test_a_folder_with_a_link_that_leads_out_is_refused(link, target, folder, proposals, tmp_path, capsys):
    (folder / "deep").mkdir()
    (folder / "deep" / "a").symlink_to("..")
    (folder / link).symlink_to(target)
    assert "leads out of the image" in refused(folder, proposals, tmp_path, capsys)


def test_the_proposal_is_not_written_through_a_planted_link(folder, proposals, tmp_path, capsys):
    victim = folder / "grub.cfg"
    before = victim.read_bytes()
    (folder / "alternative_guestos_proposal.cbor").symlink_to("grub.cfg")
    assert "holds a proposal already" in refused(folder, proposals, tmp_path, capsys)
    assert victim.read_bytes() == before


def test_a_folder_that_is_a_link_is_what_it_leads_to(folder, proposals, tmp_path, capsys):
    (tmp_path / "link").symlink_to("base")
    assemble(folder, proposals["honest"], tmp_path / "direct.tar", capsys=capsys)
    assemble(tmp_path / "link", proposals["honest"], tmp_path / "linked.tar", capsys=capsys)
    assert (tmp_path / "linked.tar").read_bytes() == (tmp_path / "direct.tar").read_bytes()


def test_a_linked_folder_is_bounded_too(folder, proposals, tmp_path, capsys):
    from auditkit.errors import EvidenceError
    from auditkit.guestos import recovery_tree
    from auditkit.limits import Limits

    (tmp_path / "link").symlink_to("base")
    (tmp_path / "work").mkdir()
    with pytest.raises(EvidenceError, match="larger than any boot tree"):
        recovery_tree(tmp_path / "link", b"proposal", work=tmp_path / "work", limits=Limits(tree_bytes=1000))
    assert list((tmp_path / "work").iterdir()) == []


def test_a_hard_link_to_a_file_outside_leaves_that_file_alone(folder, proposals, tmp_path, program, capsys):
    outside = tmp_path / "outside"
    outside.write_text("not ours to touch")
    outside.chmod(0o640)
    os.utime(outside, (1_600_000_000, 1_600_000_000))
    (folder / "again").hardlink_to(outside)
    image = tmp_path / "boot.img"
    for name in ("mke2fs", "debugfs"):
        program(name)
    assemble(folder, proposals["honest"], tmp_path / "boot.tar", "--image", image, capsys=capsys)
    found = outside.stat()
    assert (found.st_mode & 0o7777, found.st_mtime) == (0o640, 1_600_000_000)
    assert outside.read_text() == "not ours to touch"
