"""What an update image carries beside what is measured: told as a warning, a failure where no release has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from auditkit.decision import Qualification
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.practice import parameter_file
from auditkit.practice.recovered import Recovered
from auditkit.practice.recoveries.image import recovery_image
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.release.sparse_tar import SparseTar
from auditkit.practice.scenarios import BASE_COMMIT
from auditkit.report import to_json

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BASE = DATA / release_folder(BASE_COMMIT) / "update-img.tar.zst"
HASHES_AT = 10_603_200_512
BOOT_SIZE = 16 << 20
ROOT_FILE_SYSTEM_SIZE = 2 << 20

Change = Callable[[Path], None]


def unpacked(image: Path, folder: Path) -> Path:
    folder.mkdir()
    (folder / "tar").write_bytes(zstd.decompress(image.read_bytes()))
    with tarfile.open(folder / "tar") as archive:
        archive.extractall(folder, filter="data")
    (folder / "tar").unlink()
    return folder


@pytest.fixture(scope="module")
def members(tmp_path_factory) -> dict[str, Path]:
    """The members of the base and of the good recovery image, as files."""
    folder = tmp_path_factory.mktemp("members")
    return {
        "base_image": unpacked(BASE, folder / "base"),
        "recovery_image": unpacked(recovery_image(Recovered.HONEST, folder), folder / "recovery"),
    }


def packed(members: Path, out: Path, change: Change) -> Path:
    """An update image of the members after a change."""
    work = out.parent / f"{out.name}.members"
    work.mkdir()
    for path in members.iterdir():
        subprocess.run(["cp", "--sparse=always", path, work], check=True)
    change(work)
    with (work / "tar").open("w+b") as file:
        archive = SparseTar(file)
        for name in ("boot.img", "root.img"):
            archive.add_sparse(name, work / name)
        for name in sorted(os.listdir(work)):
            if name not in ("boot.img", "root.img", "tar"):
                archive.add_bytes(name, (work / name).read_bytes())
        archive.close()
        file.seek(0)
        out.write_bytes(zstd.compress(file.read(), options={zstd.CompressionParameter.checksum_flag: 1}))
    shutil.rmtree(work)
    return out


def audit(*overrides: str):
    return check(Parameters.from_file(parameter_file("recovery-honest"), overrides, {}))


def put(name: str, offset: int, data: bytes = b"hidden") -> Change:
    def change(folder: Path) -> None:
        with (folder / name).open("r+b") as file:
            file.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            file.write(data)

    return change


def append(name: str, data: bytes) -> Change:
    def change(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.write(data)

    return change


def overlay(folder: Path) -> None:
    (folder / "overlay.raw").write_bytes(b"overlay")


CARRIED = [
    pytest.param(overlay, "root-hash", "overlay.raw", id="overlay"),
    pytest.param(append("boot.img", bytes(4096) + b"hidden"), None, "after the boot file system", id="boot"),
    pytest.param(
        put("root.img", ROOT_FILE_SYSTEM_SIZE + 12_288), "root-hash", "between the end", id="between"
    ),
    pytest.param(put("root.img", HASHES_AT + 1000), "root-hash", "superblock's block", id="superblock"),
    pytest.param(append("root.img", b"hidden"), "root-hash", "after the hash tree", id="behind"),
]


@pytest.mark.parametrize(
    ("which", "boot_check", "root_check"),
    [
        ("base_image", "base.file-system", "base.root-hash"),
        ("recovery_image", "recovery.tree", "recovery.root-hash"),
    ],
)
@pytest.mark.parametrize(("change", "root", "told"), CARRIED)
def test_it_is_a_warning_that_is_shown_and_replayed(
    which, boot_check, root_check, change, root, told, members, tmp_path
):
    image = packed(members[which], tmp_path / "image", change)
    document, evidence = audit(f"{which}={image}")
    # A changed base image is not the elected one, which another check sees.
    elected = which == "recovery_image"
    assert [one.id for one in document.decisions if one.outcome == "fail"] == (
        [] if elected else ["election.digest"]
    )
    warned = {one.id: one.observed for one in document.decisions if one.outcome == "warn"}
    expected = root_check if root else boot_check
    assert told in warned.pop(expected)
    assert warned.keys() <= {"base.digest", "settings.root-key", "root.changes"}  # nobody published a digest
    folder = tmp_path / "report"
    write_report(document, evidence, folder)
    assert told in (folder / "report.md").read_text() + (folder / "audit.json").read_text()
    again, _ = replay(folder / "evidence")
    assert {**json.loads(to_json(again)), "run": 0} == {**json.loads(to_json(document)), "run": 0}


@pytest.mark.parametrize(
    ("which", "failed"), [("base_image", "base.root-hash"), ("recovery_image", "recovery.root-hash")]
)
def test_a_warning_does_not_hide_a_failure(which, failed, members, tmp_path):
    def change(folder: Path) -> None:
        overlay(folder)
        put("root.img", 1_000_000)(folder)
        append("root.img", b"hidden")(folder)

    document, _ = audit(f"{which}={packed(members[which], tmp_path / 'image', change)}")
    outcomes = {one.id: one.outcome for one in document.decisions}
    assert (document.verdict, outcomes[failed]) == ("FAIL", "fail")


@pytest.mark.parametrize(
    ("which", "failed"), [("base_image", "base.digest"), ("recovery_image", "recovery.tree")]
)
def test_a_file_that_no_release_holds_fails_and_is_replayed(which, failed, members, tmp_path):
    image = packed(
        members[which], tmp_path / "image", lambda folder: (folder / "evil.sh").write_text("x") and None
    )
    document, evidence = audit(f"{which}={image}")
    assert document.deciding is not None
    assert (document.verdict, document.deciding.decision) == ("FAIL", failed)
    assert "evil.sh" in next(one.observed for one in document.decisions if one.id == failed)
    write_report(document, evidence, tmp_path / "report")
    again, _ = replay(tmp_path / "report" / "evidence")
    assert {**json.loads(to_json(again)), "run": 0} == {**json.loads(to_json(document)), "run": 0}


def test_compare_images_fails_on_it_too(members, tmp_path, capsys):
    from auditkit.cli import main

    image = packed(
        members["recovery_image"], tmp_path / "image", lambda folder: (folder / "x").touch() and None
    )
    with pytest.raises(SystemExit) as ended:
        main(["compare-images", str(BASE), str(image), "--root-key", "practice"])
    assert ended.value.code == 1
    assert "FAIL 29 recovery.tree" in capsys.readouterr().out


def test_a_bare_boot_partition_as_base_qualifies_the_verdict(members):
    """Nobody compared the root file system that the command lines name."""
    from auditkit.audit import decide_root_hash
    from auditkit.guestos import parse_boot_args

    document, _ = audit(f"base_image={members['base_image'] / 'boot.img'}")
    decision = next(one for one in document.decisions if one.id == "base.root-hash")
    assert decision.outcome == "warn"
    assert "Only a boot partition was given" in decision.reason
    boot_args = parse_boot_args(b'BOOT_ARGS_TEE_A="root_hash=' + b"0" * 64 + b'"\n')
    made = decide_root_hash(boot_args, ("BOOT_ARGS_TEE_A",), None, ())
    assert made.qualifications == (Qualification.NO_ROOT_IMAGE,)


def test_a_recovery_image_without_root_is_still_not_checked(members):
    document, _ = audit(f"recovery_image={members['recovery_image'] / 'boot.img'}")
    outcomes = {one.id: one.outcome for one in document.decisions}
    assert outcomes["recovery.root-hash"] == "skip"


def test_data_behind_a_hole_is_found_and_the_hole_is_not_read(tmp_path):
    from auditkit.guestos.ext4 import holds_data_behind

    path = tmp_path / "image"
    with path.open("wb") as file:
        file.write(b"x" * 4096)
        file.truncate(1 << 42)
    assert holds_data_behind(path, 4095)
    assert not holds_data_behind(path, 4096)
    with path.open("r+b") as file:
        file.seek((1 << 42) - 1)
        file.write(b"x")
    assert holds_data_behind(path, 4096)


def test_verity_hash_tells_the_warnings(members, tmp_path, capsys):
    from auditkit.cli import main

    image = packed(members["base_image"], tmp_path / "image", append("root.img", b"hidden"))
    with pytest.raises(SystemExit) as ended:
        main(["verity-hash", str(image)])
    assert not ended.value.code
    assert "warning: there is data after the hash tree" in capsys.readouterr().err
