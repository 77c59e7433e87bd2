"""Whole matrices against sev-snp-measure, and settings that make no sense."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest

from auditkit.errors import EvidenceError, ParameterError
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import CPU_SIGNATURES, measure, measured_boot

TEE_A = "root=/dev/disk/by-partuuid/7c0a626e dfinity.system=A dfinity.tee=1 root_hash=" + "a" * 64
LINES = {"BOOT_ARGS_TEE_A": TEE_A, "BOOT_ARGS_TEE_B": TEE_A.replace("=A", "=B")}
KERNEL, INITRD = practice_kernel("kernel", 4000), practice_initrd("initrd", 5000)


@pytest.fixture(scope="module")
def boot():
    return measured_boot(practice_firmware("firmware"), KERNEL, INITRD)


def generated(number: int, suffix: bytes):
    """Firmware, kernel, initrd and lines of one of ten sets; odd ones end in a real AmdSev build of OVMF."""
    source = random.Random(number)
    size = 4096 * source.randint(1, 40)
    firmware = source.randbytes(size) + suffix if number % 2 else practice_firmware(str(number), size)
    kernel = source.randbytes(source.choice((1, 4095, 70_001)))
    initrd = source.randbytes(source.choice((0, 1, 65_536)))
    lines = {
        "BOOT_ARGS_TEE_A": "x" * source.randint(1, 3000),
        "BOOT_ARGS_TEE_B": "",
        "BOOT_ARGS_A": "größe=1 \t",
    }
    return firmware, kernel, initrd, lines


@pytest.mark.parametrize("number", range(10))
def test_every_measurement_of_the_matrix_is_that_of_sev_snp_measure(number, vectors, judge):
    suffix = (vectors / "ovmf" / "ovmf_AmdSev_suffix.bin").read_bytes()
    firmware, kernel, initrd, lines = generated(number, suffix)
    matrix = measure(
        measured_boot(firmware, kernel, initrd),
        lines,
        vcpu_types=tuple(CPU_SIGNATURES),
        vcpus=(64, 1, 16),
        guest_features=(0x1, 0x21)[number % 2],
    )
    assert len(matrix) == 16 * 3 * 3
    for item in matrix:
        expected = judge(
            firmware,
            kernel,
            initrd,
            item.kernel_cmdline,
            item.vcpu_type,
            item.vcpus,
            features=item.guest_features,
        )
        assert item.measurement == expected, item


def test_all_vcpu_counts_up_to_64(boot, judge):
    for item in measure(boot, LINES, vcpu_types=("EPYC-Turin",), vcpus=range(1, 65)):
        expected = judge(
            practice_firmware("firmware"), KERNEL, INITRD, item.kernel_cmdline, "EPYC-Turin", item.vcpus
        )
        assert item.measurement == expected, item.vcpus


@pytest.mark.parametrize("features", [0x1, 0x21, 0, (1 << 64) - 1])
def test_guest_features(boot, judge, features):
    (item,) = measure(boot, {"A": TEE_A}, vcpu_types=("EPYC-v4",), vcpus=(2,), guest_features=features)
    expected = judge(practice_firmware("firmware"), KERNEL, INITRD, TEE_A, "EPYC-v4", 2, features=features)
    assert item.measurement == expected


def test_without_kernel_hashes(boot, judge):
    (item,) = measure(boot, {"A": TEE_A}, vcpu_types=("EPYC-Genoa",), kernel_hashes=False)
    firmware = practice_firmware("firmware")
    assert item.measurement == judge(firmware, b"", b"", "", "EPYC-Genoa", 64, kernel_hashes=False)
    assert not item.kernel_hashes


def test_the_matrix_is_in_the_order_of_a_release(boot):
    items = measure(boot, LINES, vcpus=(16, 64))
    assert [(item.vcpu_type, item.vcpus, item.boot_args) for item in items] == [
        (vcpu_type, vcpus, name)
        for vcpu_type in ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin")
        for vcpus in (16, 64)
        for name in ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B")
    ]
    assert len({item.measurement for item in items}) == 12


def test_a_release_has_six_measurements(boot):
    items = measure(boot, LINES)
    assert len(items) == 6
    assert {item.vcpus for item in items} == {64}


def test_every_input_is_recorded(boot):
    item = measure(boot, LINES)[2]
    assert item.inputs.firmware_sha256 == sha256(practice_firmware("firmware")).hexdigest()
    assert item.inputs.kernel_sha256 == sha256(KERNEL).hexdigest()
    assert item.inputs.initrd_sha256 == sha256(INITRD).hexdigest()
    assert (item.vcpu_type, item.inputs.cpu_signature, item.inputs.vmm) == ("EPYC-Genoa", 0xA10F10, "QEMU")


@pytest.mark.parametrize("part", ["firmware", "kernel", "initrd", "line"])
def test_one_changed_byte_changes_the_measurement(boot, part):
    files = {"firmware": practice_firmware("firmware"), "kernel": KERNEL, "initrd": INITRD}
    line = TEE_A
    if part == "line":
        line = TEE_A[:-1] + "b"
    else:
        changed = bytearray(files[part])
        changed[len(changed) // 3] ^= 1
        files[part] = bytes(changed)
    assert (
        measure(measured_boot(**files), {"A": line})[0].measurement
        != measure(boot, {"A": TEE_A})[0].measurement
    )


@pytest.mark.parametrize("count", [0, -1, 513, True, 1 << 40])
def test_impossible_vcpu_counts_are_refused(boot, count):
    with pytest.raises(ParameterError, match="number of vCPUs") as raised:
        measure(boot, LINES, vcpus=(count,))
    assert raised.value.expected == "1 to 512"


@pytest.mark.parametrize(
    ("typo", "meant"), [("epyc-genoa", "EPYC-Genoa"), ("EPYC-Genova", "EPYC-Genoa"), ("EPYC-V4", "EPYC-v4")]
)
def test_an_unknown_cpu_type_is_refused_with_the_one_that_was_meant(boot, typo, meant):
    with pytest.raises(ParameterError, match="unknown CPU type") as raised:
        measure(boot, LINES, vcpu_types=(typo,))
    assert raised.value.hint == f"did you mean {meant}?"


def test_a_cpu_type_like_no_other_is_refused_with_the_whole_list(boot):
    with pytest.raises(ParameterError, match="unknown CPU type") as raised:
        measure(boot, LINES, vcpu_types=("Skylake",))
    assert "EPYC-Turin" in raised.value.hint


@pytest.mark.parametrize(
    "settings",
    [
        {"vcpus": ()},
        {"vcpu_types": ()},
        {"command_lines": {}},
        {"vcpus": (64, 64)},
        {"vcpu_types": ("EPYC-v4", "EPYC-v4")},
        {"guest_features": -1},
        {"guest_features": 1 << 64},
    ],
)
def test_a_matrix_that_makes_no_sense_is_refused(boot, settings):
    with pytest.raises(ParameterError):
        measure(boot, settings.pop("command_lines", LINES), **settings)


@pytest.mark.parametrize("line", ["root=a\n", "root=a\r", "root\n=a", "root=a\0", "\ud800"])
def test_command_lines_that_hide_something_are_refused(boot, line):
    with pytest.raises(EvidenceError, match="command line"):
        measure(boot, {"BOOT_ARGS_TEE_A": line})


def test_an_empty_kernel_is_refused():
    with pytest.raises(EvidenceError, match="kernel is an empty file"):
        measured_boot(practice_firmware("firmware"), b"", INITRD)
