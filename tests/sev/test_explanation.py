"""Measurements that the matrix does not have are named by the setting that has them."""

from __future__ import annotations

import pytest

from auditkit.errors import ParameterError
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import LaunchMeasurement, explain, measured_boot
from auditkit.sev.explanation import SWEPT_GUEST_FEATURES, SWEPT_SIGNATURES

FILES = practice_firmware("a"), practice_kernel("a", 2000), practice_initrd("a", 2000)
LINES = {
    "BOOT_ARGS_A": "root=a",
    "BOOT_ARGS_B": "root=b",
    "BOOT_ARGS_TEE_A": "root=a tee=1",
    "BOOT_ARGS_TEE_B": "root=b tee=1",
}


@pytest.fixture(scope="module")
def boot():
    return measured_boot(*FILES)


BASE = "this is the base release"
SPLIT = (
    "; releases are measured with 64 vCPUs, and a host that is split into several virtual machines gives each another "
    "number"
)
CASES = [
    (
        {"line": LINES["BOOT_ARGS_TEE_A"], "vcpu_type": "EPYC-Genoa", "vcpus": 16},
        f"{BASE} started with 16 vCPUs of type EPYC-Genoa on line BOOT_ARGS_TEE_A",
    ),
    (
        {"line": LINES["BOOT_ARGS_TEE_B"], "vcpu_type": "EPYC-Turin", "vcpus": 1},
        f"{BASE} started with 1 vCPU of type EPYC-Turin on line BOOT_ARGS_TEE_B",
    ),
    (
        {"line": LINES["BOOT_ARGS_A"], "vcpu_type": "EPYC-IBPB", "vcpus": 64},
        f"{BASE} started with 64 vCPUs of type EPYC-v4 on line BOOT_ARGS_A",
    ),
    (
        {"line": LINES["BOOT_ARGS_TEE_A"], "vcpu_type": "EPYC-Milan-v2", "vcpus": 64},
        f"{BASE} started with 64 vCPUs of type EPYC-Milan, a CPU type that no release is measured "
        "for (signature 0xa00f11), on line BOOT_ARGS_TEE_A",
    ),
    (
        {"line": LINES["BOOT_ARGS_TEE_A"], "vcpu_type": "EPYC-v4", "vcpus": 64, "features": 0x21},
        f"{BASE} started with 64 vCPUs of type EPYC-v4 and guest features 0x21 instead of 0x1 on "
        "line BOOT_ARGS_TEE_A",
    ),
    (
        {"line": LINES["BOOT_ARGS_TEE_A"] + "\n", "vcpu_type": "EPYC-v4", "vcpus": 64},
        f"{BASE} started with 64 vCPUs of type EPYC-v4 on line BOOT_ARGS_TEE_A with a line break "
        "after the command line",
    ),
    (
        {"line": "", "vcpu_type": "EPYC-Rome", "vcpus": 64, "kernel_hashes": False},
        "this is the firmware of the base release started with 64 vCPUs of type EPYC-Rome, a CPU type that "
        "no release is measured for (signature 0x830f10), without kernel hashes, so that it vouches for no "
        "kernel, initrd or command line at all",
    ),
]


@pytest.mark.parametrize(("setting", "sentence"), CASES)
def test_a_digest_of_sev_snp_measure_is_named_in_one_sentence(boot, judge, setting, sentence):
    wanted = judge(*FILES, **setting)
    found = explain([wanted], boot, LINES, vcpus_max=64)
    assert found[wanted].text == sentence + ("" if setting["vcpus"] == 64 else SPLIT)
    named = found[wanted].setting
    assert named.measurement == wanted
    assert named.vcpus == setting["vcpus"]
    assert setting["vcpu_type"] in found[wanted].vcpu_types
    assert (
        named.vcpu_type == found[wanted].vcpu_types[0] == sentence.split(" of type ")[1].split()[0].strip(",")
    )
    assert named.kernel_hashes == setting.get("kernel_hashes", True)
    assert found[wanted].line_break == setting["line"].endswith("\n")


def test_many_are_explained_in_one_sweep_and_strangers_are_left_out(boot, judge):
    wanted = [judge(*FILES, **setting) for setting, _ in CASES]
    stranger = judge(FILES[0], FILES[1] + b"\0", FILES[2], LINES["BOOT_ARGS_TEE_A"], "EPYC-v4", 64)
    found = explain([*wanted, stranger, bytes(48)], boot, LINES, vcpus_max=64)
    assert set(found) == set(wanted)


def test_counts_beyond_the_sweep_are_not_found(boot, judge):
    wanted = judge(*FILES, LINES["BOOT_ARGS_TEE_A"], "EPYC-v4", 17)
    assert explain([wanted], boot, LINES, vcpus_max=16) == {}
    assert explain([wanted], boot, LINES, vcpus_max=17)[wanted].setting.vcpus == 17


def test_a_line_that_starts_no_vm_does_not_stand_in_the_way(boot, judge):
    wanted = judge(*FILES, LINES["BOOT_ARGS_A"], "EPYC-v4", 64)
    found = explain([wanted], boot, {"BOOT_ARGS_TEE_A": "a\0b", **{"BOOT_ARGS_A": "root=a"}}, vcpus_max=64)
    assert found[wanted].setting.boot_args == "BOOT_ARGS_A"


def test_the_release_is_called_as_asked(boot, judge):
    wanted = judge(*FILES, LINES["BOOT_ARGS_TEE_A"], "EPYC-v4", 16)
    text = explain([wanted], boot, LINES, vcpus_max=16, release="release 0a1b")[wanted].text
    assert (
        text == f"this is release 0a1b started with 16 vCPUs of type EPYC-v4 on line BOOT_ARGS_TEE_A{SPLIT}"
    )


@pytest.mark.parametrize("count", [0, -3, 513, True])
def test_an_impossible_sweep_is_refused(boot, count):
    with pytest.raises(ParameterError) as raised:
        explain([bytes(48)], boot, LINES, vcpus_max=count)
    error = raised.value
    assert (error.what, error.where) == ("no guest can have this number of vCPUs", "sweep_vcpus_max")
    assert (error.expected, error.observed) == ("1 to 512", str(count))


def test_the_setting_of_an_explanation_is_whole(boot, judge):
    wanted = judge(*FILES, LINES["BOOT_ARGS_B"] + "\n", "EPYC-Turin", 3, features=0x21)
    found = explain([wanted], boot, LINES, vcpus_max=3)[wanted]
    assert found.setting == LaunchMeasurement(
        measurement=wanted,
        kernel_cmdline="root=b\n",
        boot_args="BOOT_ARGS_B",
        vcpu_type="EPYC-Turin",
        vcpus=3,
        guest_features=0x21,
        kernel_hashes=True,
        inputs=boot.inputs(0xB00F00),
    )
    assert (found.vcpu_types, found.line_break) == (("EPYC-Turin",), True)
    assert found.text == (
        f"{BASE} started with 3 vCPUs of type EPYC-Turin and guest features 0x21 instead of 0x1 on line BOOT_ARGS_B "
        f"with a line break after the command line{SPLIT}"
    )


def test_lines_of_a_release_explain_before_others(boot, judge):
    """Two names of one line: that of the guests that a release starts under SEV is the better explanation."""
    lines = {"BOOT_ARGS_A": "same", "BOOT_ARGS_TEE_B": "same", "BOOT_ARGS_TEE_A": "same"}
    wanted = judge(*FILES, "same", "EPYC-v4", 1)
    assert explain([wanted], boot, lines, vcpus_max=1)[wanted].setting.boot_args == "BOOT_ARGS_TEE_B"


def test_nothing_wanted_is_nothing_found(boot):
    assert explain([], boot, LINES, vcpus_max=1) == {}


def test_what_is_swept():
    """SEV-SNP alone and with debug-register swap (bit 5 of SEV_FEATURES); every signature once, releases' first."""
    assert SWEPT_GUEST_FEATURES == (0x1, 0x21)
    assert SWEPT_SIGNATURES == (0x800F12, 0xA10F10, 0xB00F00, 0x830F10, 0xA00F11)
