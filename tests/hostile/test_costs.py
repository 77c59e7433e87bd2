"""Small inputs that would cost hours or gigabytes: each ends within seconds and bounded memory, and says why."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from auditkit.audit import compare
from auditkit.errors import EvidenceError, ParameterError
from auditkit.guestos import BootFiles, Ext4, parse_boot_args, read_boot_files
from auditkit.guestos.image_writer import write_ext4
from auditkit.ic import BlessedMeasurement
from auditkit.limits import GIB, KIB, LIMITS, MIB
from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file
from auditkit.report import from_json, render_html, to_json

SAMPLE = ROOT / "reports" / "sample"


def bounded(script: str, *, seconds: int, memory: int) -> subprocess.CompletedProcess[str]:
    """Runs ``script`` in a process that is ended when it takes more processor time, or more memory."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    command = [sys.executable, "-c", script]
    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'BOOT_ARGS_A="' + b"x" * 180_000 + b'"\n', "longer than any kernel takes"),
        (b"".join(b"BOOT_ARGS_A%d=x\n" % number for number in range(14_000)), "more lines"),
        (b"\n" * 14_000, "more lines"),
    ],
    ids=["a line of 180 kB", "14,000 lines", "empty lines"],
)
def test_boot_args_that_every_row_would_repeat_or_every_sweep_would_try(data, told):
    assert len(data) < LIMITS.boot_args_bytes
    with pytest.raises(EvidenceError, match=told):
        parse_boot_args(data)


def test_boot_args_as_long_as_they_may_be():
    lines = [b"BOOT_ARGS_A%03d=" % number + b"x" * 500 for number in range(LIMITS.boot_args_lines - 1)]
    lines[0] = lines[0].ljust(LIMITS.boot_args_line_bytes, b"x")
    assert len(parse_boot_args(b"\n".join(lines) + b"\n").lines) == len(lines)


@pytest.mark.gate
def test_every_line_that_boot_args_may_have_is_swept_in_seconds():
    script = f"""
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import explain, measured_boot
boot = measured_boot(practice_firmware("f"), practice_kernel("k", 4000), practice_initrd("i", 4000))
lines = {{f"BOOT_ARGS_{{number}}": "x" * 500 for number in range({LIMITS.boot_args_lines})}}
assert explain([bytes(48)], boot, lines, vcpus_max=64) == {{}}
"""
    done = bounded(script, seconds=20, memory=GIB)
    assert done.returncode == 0, done.stderr


def test_twelve_thousand_blessed_measurements_are_refused():
    entry = BlessedMeasurement(bytes(48), None, None)
    with pytest.raises(EvidenceError, match="more measurements than any recovery needs"):
        compare([entry] * 12_000, [], {})
    assert len(compare([entry] * LIMITS.blessed_measurements, [], {})) == LIMITS.blessed_measurements


def test_an_audit_of_more_measurements_than_can_be_told_is_trouble(monkeypatch):
    from auditkit.audit import overlap
    from auditkit.pipeline import check

    monkeypatch.setitem(overlap.compare.__kwdefaults__, "limits", replace(LIMITS, blessed_measurements=1))
    document, _ = check(Parameters.from_file(parameter_file("honest"), (), {}))
    assert document.verdict == "TROUBLE"
    assert "more measurements than any recovery needs" in document.trouble[0].what


@pytest.mark.gate
def test_the_largest_report_that_the_limits_allow_can_be_written_and_read():
    """As many rows as there may be, each with the longest line, and a whole certificate of labels."""
    value = json.loads((SAMPLE / "audit.json").read_bytes())
    characters = LIMITS.certificate_bytes // LIMITS.blessed_measurements
    row = {
        "relation": "metadata-differs",
        "blessed": {"kernel_cmdline": None, "vcpu_type": "z" * characters},
        "computed": {**value["overlap"][0]["computed"], "kernel_cmdline": "x" * LIMITS.boot_args_line_bytes},
        "explanation": "The label is wrong: it says " + "z" * characters,
    }
    rows = LIMITS.blessed_measurements + LIMITS.matrix_settings
    value["overlap"] = [{**row, "measurement": f"{number:096x}"} for number in range(rows)]
    document = from_json(json.dumps(value).encode())
    started = time.process_time()
    sizes = len(to_json(document)), len(render_html(document))
    assert max(sizes) < LIMITS.report_bytes
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("vcpus", "types", "lines"),
    [(64, 16, 16), (64, 5, 1), (1, 16, 16 + 1), (LIMITS.matrix_settings + 1, 1, 1)],
)
def test_a_matrix_that_would_be_measured_for_hours_is_refused(vcpus, types, lines):
    from auditkit.sev import CPU_SIGNATURES

    values = {
        "vcpus": list(range(1, vcpus + 1)),
        "vcpu_types": list(CPU_SIGNATURES)[:types],
        "boot_args": [f"BOOT_ARGS_{number}" for number in range(lines)],
    }
    with pytest.raises(ParameterError):
        Parameters.from_file(
            parameter_file("honest"), [f"{n}={json.dumps(v)}" for n, v in values.items()], {}
        )


def test_the_matrix_of_every_line_and_type_is_not_too_large():
    from auditkit.sev import CPU_SIGNATURES

    names = [f"BOOT_ARGS_{name}" for name in ("A", "B", "TEE_A", "TEE_B")]
    overrides = [
        "vcpus=[16, 64]",
        f"vcpu_types={json.dumps(list(CPU_SIGNATURES))}",
        f"boot_args={json.dumps(names)}",
    ]
    assert Parameters.from_file(parameter_file("honest"), overrides, {}).vcpus == (16, 64)


@pytest.mark.parametrize(
    ("name", "size"), [("vmlinuz", LIMITS.kernel_bytes), ("initrd.img", LIMITS.initrd_bytes)]
)
def test_a_small_image_that_would_become_a_gigabyte_of_evidence(tmp_path, program, name, size):
    program("mke2fs")
    program("debugfs")
    tree = tmp_path / "tree"
    tree.mkdir()
    for file in ("vmlinuz", "initrd.img", "OVMF_SEV.fd", "boot_args"):
        (tree / file).write_bytes(b"x")
    for length, refused in ((size, False), (size + 1, True)):
        os.truncate(tree / name, length)
        write_ext4(tmp_path / "boot.img", tree, GIB, label="x")
        assert (tmp_path / "boot.img").stat().st_blocks * 512 < 64 * MIB
        with Ext4(tmp_path / "boot.img") as fs:
            if refused:
                with pytest.raises(
                    EvidenceError, match=f"/{name} of the boot partition has an impossible size"
                ):
                    read_boot_files(fs)
            else:
                assert isinstance(read_boot_files(fs), BootFiles)


def copy_of_the_sample(folder: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, folder))


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = [
        "verify-report",
        str(folder),
        "--allowed-signers",
        str(ROOT / "reports" / "sample.allowed_signers"),
    ]
    script = f"from auditkit.cli import main; main({arguments!r})"
    return bounded(script, seconds=20, memory=GIB)


def test_ten_gigabytes_of_holes_are_not_read_to_see_that_nobody_signed_them(tmp_path):
    folder = copy_of_the_sample(tmp_path / "r")
    for number in range(20):
        (folder / "evidence" / f"hole-{number}").touch()
        os.truncate(folder / "evidence" / f"hole-{number}", 512 * MIB)
    started = time.monotonic()
    done = verified(folder)
    assert done.returncode == 2, done.stderr
    assert "larger than that of any real release" in done.stderr
    assert time.monotonic() - started < 60


def test_evidence_of_another_size_than_audit_json_says_is_not_read(tmp_path, monkeypatch):
    from auditkit.signing import folder_files

    folder = copy_of_the_sample(tmp_path / "r")
    os.truncate(folder / "evidence" / "initrd.img", 500 * MIB)
    (folder / "evidence" / "more").write_bytes(b"not listed")
    read = []
    real = folder_files.digest_of_file
    monkeypatch.setattr(folder_files, "digest_of_file", lambda path: (read.append(path.name), real(path))[1])
    document = from_json((folder / "audit.json").read_bytes())
    found = folder_files.read_folder_files(folder, document)
    assert {"vmlinuz", "SHA256SUMS", "audit.json"} < set(read)
    assert not {"initrd.img", "more"} & set(read)
    decision = folder_files.check_evidence(document, found, folder)
    assert decision.outcome == "fail"
    assert "initrd.img was changed" in decision.observed
    assert "more is not listed" in decision.observed


@pytest.mark.gate
def test_a_rendering_of_holes_is_not_read(tmp_path):
    folder = copy_of_the_sample(tmp_path / "r")
    os.truncate(folder / "report.html", 10 * GIB)
    done = verified(folder)
    assert done.returncode == 1, done.stderr


def test_a_replay_does_not_read_gigabytes_either(tmp_path):
    folder = copy_of_the_sample(tmp_path / "r")
    os.truncate(folder / "evidence" / "initrd.img", 10 * GIB)
    script = f"from auditkit.cli import main; main(['check', {str(folder / 'evidence' / 'replay.yaml')!r}])"
    done = bounded(script, seconds=20, memory=GIB)
    assert done.returncode == 2
    assert "larger" in done.stderr


def test_what_no_reader_takes_is_not_written(tmp_path):
    from auditkit.report import write_report_folder

    document = from_json((SAMPLE / "audit.json").read_bytes())
    files = {r.name: SAMPLE / "evidence" / r.name for r in document.evidence if r.stored}
    with pytest.raises(EvidenceError, match=r"audit\.json would be larger"):
        write_report_folder(tmp_path / "r", document, files, limits=replace(LIMITS, report_bytes=10 * KIB))
    assert list(tmp_path.iterdir()) == []


def test_more_evidence_than_a_report_may_hold_is_not_written(tmp_path):
    from auditkit.report import write_report_folder

    value = json.loads((SAMPLE / "audit.json").read_bytes())
    hole = tmp_path / "hole"
    hole.touch()
    os.truncate(hole, LIMITS.evidence_bytes)
    value["evidence"].append(
        {
            "name": "hole",
            "sha256": "0" * 64,
            "size": LIMITS.evidence_bytes,
            "origin": "nowhere",
            "stored": True,
        }
    )
    document = from_json(json.dumps(value).encode())
    files = {r.name: SAMPLE / "evidence" / r.name for r in document.evidence if r.stored}
    with pytest.raises(EvidenceError, match="larger than that of any real release"):
        write_report_folder(tmp_path / "r", document, {**files, "hole": hole})
    assert list((tmp_path / "r").iterdir()) == []
