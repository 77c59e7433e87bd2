"""Whole matrices against sev-snp-measure, and settings that make no sense."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256

import pytest

from auditkit.errors import EvidenceError, ParameterError
from auditkit.limits import LIMITS
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


@pytest.mark.parametrize(
    "number", [*range(4), *(pytest.param(number, marks=pytest.mark.thorough) for number in range(4, 10))]
)
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


def refusal(kind, call, *arguments, **options):
    with pytest.raises(kind) as raised:
        call(*arguments, **options)
    error = raised.value
    return error.what, error.where, error.expected, error.observed


@pytest.mark.parametrize("count", [0, -1, 513, True, 1 << 40])
def test_impossible_vcpu_counts_are_refused(boot, count):
    assert refusal(ParameterError, measure, boot, LINES, vcpus=(64, count)) == (
        "no guest can have this number of vCPUs",
        "vcpus",
        "1 to 512",
        str(count),
    )


def test_the_lowest_and_the_highest_vcpu_count(boot):
    assert [item.vcpus for item in measure(boot, {"A": ""}, vcpu_types=("EPYC-v4",), vcpus=(512, 1))] == [
        512,
        1,
    ]


@pytest.mark.parametrize(
    ("typo", "meant"), [("epyc-genoa", "EPYC-Genoa"), ("EPYC-Genova", "EPYC-Genoa"), ("EPYC-V4", "EPYC-v4")]
)
def test_an_unknown_cpu_type_is_refused_with_the_one_that_was_meant(boot, typo, meant):
    with pytest.raises(ParameterError) as raised:
        measure(boot, LINES, vcpu_types=(typo,))
    assert (raised.value.what, raised.value.where) == (f"unknown CPU type '{typo}'", "vcpu_types")
    assert raised.value.hint == f"did you mean {meant}?"


def test_a_cpu_type_like_no_other_is_refused_with_the_whole_list(boot):
    with pytest.raises(ParameterError) as raised:
        measure(boot, LINES, vcpu_types=("Skylake" + "x" * 60,))
    assert raised.value.what == f"unknown CPU type '{'Skylake' + 'x' * 53}'"
    assert raised.value.hint == (
        "known are EPYC, EPYC-v1, EPYC-v2, EPYC-IBPB, EPYC-v3, EPYC-v4, EPYC-Rome, EPYC-Rome-v1, EPYC-Rome-v2, "
        "EPYC-Rome-v3, EPYC-Milan, EPYC-Milan-v1, EPYC-Milan-v2, EPYC-Genoa, EPYC-Genoa-v1, EPYC-Turin"
    )


EMPTY, TWICE = "there is nothing to measure: the list is empty", "the list names a value twice"
FEATURES = "guest features are not a 64-bit number"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"vcpus": ()}, (EMPTY, "vcpus", "", "")),
        ({"vcpu_types": ()}, (EMPTY, "vcpu_types", "", "")),
        ({"command_lines": {}}, (EMPTY, "boot_args", "", "")),
        ({"vcpus": (64, 1, 64)}, (TWICE, "vcpus", "", "[64, 1, 64]")),
        ({"vcpu_types": ("EPYC-v4", "EPYC-v4")}, (TWICE, "vcpu_types", "", "['EPYC-v4', 'EPYC-v4']")),
        ({"vcpus": (11,) * 99}, (TWICE, "vcpus", "", "[11" + ", 11" * 49 + ",")),
        ({"guest_features": -1}, (FEATURES, "guest_features", "", "-1")),
        ({"guest_features": 1 << 64}, (FEATURES, "guest_features", "", str(1 << 64))),
        ({"guest_features": True}, (FEATURES, "guest_features", "", "True")),
    ],
    ids=range(9),
)
def test_a_matrix_that_makes_no_sense_is_refused(boot, settings, told):
    chosen = dict(settings)
    assert refusal(ParameterError, measure, boot, chosen.pop("command_lines", LINES), **chosen) == told


def test_a_matrix_is_bounded(boot):
    limits = replace(LIMITS, sweep_variants=12)
    assert len(measure(boot, LINES, vcpus=(1, 2), limits=limits)) == 12
    assert refusal(ParameterError, measure, boot, LINES, vcpus=(1, 2, 3), limits=limits) == (
        "the matrix is too large",
        "",
        "at most 12 measurements",
        "18",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("root=a\n", ("the kernel command line holds a line break", "B", "", r"'root=a\n'")),
        ("root=a\r", ("the kernel command line holds a line break", "B", "", r"'root=a\r'")),
        ("x" * 50 + "\n=a", ("the kernel command line holds a line break", "B", "", f"'{'x' * 37}\\n=a'")),
        ("root=a\0", ("the kernel command line holds a NUL", "", "", r"'root=a\x00'")),
        ("\0" + "x" * 90, ("the kernel command line holds a NUL", "", "", f"'\\x00{'x' * 79}'")),
        ("\ud800", ("the kernel command line is not text", "", "", r"'\ud800'")),
        ("\ud800" + "x" * 90, ("the kernel command line is not text", "", "", f"'\\ud800{'x' * 79}'")),
    ],
    ids=range(7),
)
def test_command_lines_that_hide_something_are_refused(boot, line, told):
    assert refusal(EvidenceError, measure, boot, {"A": "", "B": line}) == told


def test_an_empty_kernel_is_refused():
    told = ("the kernel is an empty file", "", "", "")
    assert refusal(EvidenceError, measured_boot, practice_firmware("firmware"), b"", INITRD) == told
