"""Practice releases, judged by the programs that a real release is made and read with."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditkit.errors import ParameterError, SourceError
from auditkit.practice.release import build as building
from auditkit.practice.release.build import ReleaseSizes, build_package_data, build_release
from auditkit.practice.release.published import DATA
from auditkit.practice.release.sparse_tar import SparseTar

OFFSET = "10603200512"
SALT = "89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483"


@pytest.fixture(scope="module")
def built(tmp_path_factory, program):
    for name in ("mke2fs", "debugfs", "veritysetup"):
        program(name)
    return build_release(tmp_path_factory.mktemp("built"), seed="base")


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory, program):
    """The members of the image, as zstd and GNU tar read them."""
    folder = tmp_path_factory.mktemp("unpacked")
    tar = folder / "image.tar"
    subprocess.run([program("zstd"), "-q", "-d", built.image, "-o", tar], check=True)
    subprocess.run(
        [program("tar"), "--extract", "--sparse", "--file", tar, "--directory", folder], check=True
    )
    tar.unlink()
    return folder


def run(*command: object, check: bool = True) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_seed_gives_the_same_bytes(built, tmp_path):
    again = build_release(tmp_path / "somewhere" / "else", seed="base")
    for name in ("update-img.tar.zst", "launch-measurements.json", "SHA256SUMS"):
        assert (again.folder / name).read_bytes() == (built.folder / name).read_bytes(), name


def test_another_seed_gives_another_release(built, tmp_path):
    other = build_release(tmp_path, seed="another")
    assert other.commit != built.commit
    assert other.measurements.read_bytes() != built.measurements.read_bytes()


def test_the_packaged_data_is_what_the_builder_makes(tmp_path, program):
    program("veritysetup")
    build_package_data(tmp_path)
    measured = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.json")}
    assert measured == {
        path.relative_to(DATA) for path in DATA.rglob("*.json") if path.parent.name != "builds"
    }
    for path in measured:
        assert (tmp_path / path).read_bytes() == (DATA / path).read_bytes(), path
    for path in tmp_path.rglob("*.zst"):
        # another version of zstd may pack the same tar differently
        packaged = DATA / path.relative_to(tmp_path)
        ours, theirs = (
            subprocess.run([program("zstd"), "-q", "-dc", archive], capture_output=True, check=True).stdout
            for archive in (path, packaged)
        )
        assert hashlib.sha256(ours).digest() == hashlib.sha256(theirs).digest()


def test_the_packaged_data_is_small():
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 2_000_000


def test_sums_are_right(built):
    lines = (built.folder / "SHA256SUMS").read_text().splitlines()
    named = dict(reversed(line.split(" ")) for line in lines)
    assert set(named) == {"update-img.tar.zst", "launch-measurements.json"}
    for name, digest in named.items():
        assert hashlib.sha256((built.folder / name).read_bytes()).hexdigest() == digest


def test_zstd_sees_one_frame_with_a_checksum(built, program):
    told = run(program("zstd"), "-lv", built.image)
    assert "# Zstandard Frames: 1" in told
    assert "Check: XXH64" in told


def test_gnu_tar_lists_dfinitys_members(built, program):
    told = run(program("tar"), "--use-compress-program=zstd", "--list", "--verbose", "--file", built.image)
    assert [line.split()[-1] for line in told.splitlines()] == ["boot.img", "root.img", "VERSION.TXT"]
    assert all("1970-01-01" in line and "0/0" in line for line in told.splitlines())


def test_e2fsck_finds_nothing(unpacked, program):
    told = run(program("e2fsck"), "-fn", unpacked / "boot.img")
    assert "Pass 5" in told
    assert "yes" not in told.lower().replace("yes/no", "")


def test_boot_files_are_laid_out_as_dfinitys(built, unpacked, program):
    debugfs = program("debugfs")

    def ask(command: str) -> str:
        return run(debugfs, "-R", command, unpacked / "boot.img")

    names = {line.split()[-1] for line in ask("ls -l /").splitlines() if line.strip()}
    assert {"boot_args", "OVMF_SEV.fd", "version.txt", "grub.cfg", "vmlinuz", "initrd.img"} <= names
    assert "Type: symlink" in ask("stat /vmlinuz")
    assert "Type: symlink" in ask("stat /initrd.img")
    assert ask("cat /version.txt") == f"{built.commit}\n"
    assert "mtime: 0x00000000:00000000" in ask("stat /boot_args")
    assert "system_u:object_r:boot_t:s0" in ask("ea_get /boot_args security.selinux")
    lines = [line for line in ask("cat /boot_args").splitlines() if line.startswith("BOOT_ARGS")]
    assert [line.split("=", 1)[0] for line in lines] == [
        "BOOT_ARGS_A",
        "BOOT_ARGS_B",
        "BOOT_ARGS_TEE_A",
        "BOOT_ARGS_TEE_B",
    ]
    super_block = run(program("dumpe2fs"), "-h", unpacked / "boot.img")
    assert "Directory Hash Seed:      c61251eb-100b-48fe-b089-57dea7368612" in super_block
    assert "Filesystem UUID:          <none>" in super_block


def test_veritysetup_verifies_the_root_image(unpacked, program):
    veritysetup, image = program("veritysetup"), unpacked / "root.img"
    boot_args = run(program("debugfs"), "-R", "cat /boot_args", unpacked / "boot.img")
    root_hash = boot_args.partition("root_hash=")[2][:64]
    run(veritysetup, "verify", image, image, root_hash, "--hash-offset", OFFSET)
    wrong = "0" * 64
    refused = subprocess.run(
        [veritysetup, "verify", image, image, wrong, "--hash-offset", OFFSET], check=False
    )
    assert refused.returncode != 0
    told = run(veritysetup, "dump", image, "--hash-offset", OFFSET)
    fields = {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in told.splitlines())
    }
    assert fields["Salt"] == SALT
    blocks = run(program("dumpe2fs"), "-h", image).partition("Block count:")[2].split()[0]
    assert fields["Data blocks"] == blocks


def test_measurements_are_those_of_the_sev_snp_measure_command(built, unpacked, program, tmp_path):
    debugfs = program("debugfs")
    for name in ("OVMF_SEV.fd", "vmlinuz-6.17.0-practice", "initrd.img-6.17.0-practice"):
        run(debugfs, "-R", f"dump /{name} {tmp_path / name}", unpacked / "boot.img")
    entries = json.loads(built.measurements.read_bytes())["guest_launch_measurements"]
    assert [entry["metadata"]["vcpu_type"] for entry in entries] == [
        cpu for cpu in ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin") for _ in "AB"
    ]
    last = entries[-1]
    told = run(
        Path(sys.executable).with_name("sev-snp-measure"), "--mode", "snp", "--vcpus", "64",
        "--vcpu-type", "EPYC-Turin", "--ovmf", tmp_path / "OVMF_SEV.fd",
        "--kernel", tmp_path / "vmlinuz-6.17.0-practice", "--initrd", tmp_path / "initrd.img-6.17.0-practice",
        "--append", last["metadata"]["kernel_cmdline"],
    )  # fmt: skip
    assert told.strip() == bytes(last["measurement"]).hex()


def test_a_release_is_not_built_over_another(built):
    with pytest.raises(ParameterError, match="already"):
        build_release(built.folder.parents[3], seed="base")


def test_a_missing_program_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("auditkit.guestos.outside_programs.shutil.which", lambda *_, **__: None)
    with pytest.raises(SourceError, match="mke2fs") as caught:
        build_release(tmp_path, seed="base")
    assert "e2fsprogs" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_failing_program_leaves_no_release(tmp_path, monkeypatch, program):
    for name in ("mke2fs", "debugfs", "veritysetup"):
        program(name)
    monkeypatch.setattr("auditkit.practice.release.file_systems.VERITY_SALT", "no salt")
    with pytest.raises(SourceError, match="veritysetup failed"):
        build_release(tmp_path, seed="base")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_large_is_as_large_as_a_real_release():
    real = ReleaseSizes(4 << 20, 12 << 20, 60 << 20, 1 << 30, 3 << 30, 0, 0)
    for part in ("firmware", "kernel", "initrd", "boot_image", "root_file_system"):
        assert getattr(building.LARGE, part) == getattr(real, part)


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [(0, 512)],
        [(0, 1)],
        [(512, 512), (1536, 512)],
        [(at * 1024, 512) for at in range(4)],
        [(at * 1024, 512) for at in range(5)],
        [(at * 1024, 512) for at in range(26)],
        [(at * 4096, 700) for at in range(60)],
        [(9 * 2**30, 4096)],
    ],
    ids=str,
)
@pytest.mark.parametrize("tail", [0, 1, 5000])
def test_gnu_tar_reads_sparse_members(tmp_path, program, runs, tail):
    source = tmp_path / "sparse"
    with source.open("wb") as file:
        for offset, length in runs:
            file.seek(offset)
            file.write(b"x" * length)
        file.truncate((sum(runs[-1]) if runs else 0) + tail)
    archive = tmp_path / "archive.tar"
    with archive.open("wb") as file:
        tar = SparseTar(file)
        tar.add_bytes("before", b"1")
        tar.add_sparse("sparse", source)
        tar.add_bytes("behind", b"2" * 512)
        tar.close()
    assert archive.stat().st_size < 200_000
    out = tmp_path / "out"
    out.mkdir()
    run(program("tar"), "--extract", "--sparse", "--file", archive, "--directory", out)
    assert (out / "before").read_bytes() == b"1"
    assert (out / "behind").read_bytes() == b"2" * 512
    assert (out / "sparse").stat().st_size == source.stat().st_size
    if source.stat().st_size < 2**30:
        assert (out / "sparse").read_bytes() == source.read_bytes()
    else:
        with (out / "sparse").open("rb") as file:
            file.seek(9 * 2**30)
            assert file.read(4097)[:4096] == b"x" * 4096
