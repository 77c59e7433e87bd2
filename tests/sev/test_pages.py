"""CPU types, VMSA pages and pages of kernel hashes, byte for byte as sev-snp-measure makes them."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest

from auditkit.errors import EvidenceError, ParameterError
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev.cpu import CPU_SIGNATURES, RELEASE_CPU_TYPES, cpu_types_with, cpuid_signature
from auditkit.sev.kernel_hashes import TABLE_BYTES, kernel_hashes_page
from auditkit.sev.ovmf import parse_firmware
from auditkit.sev.vmsa import BOOT_EIP, vmsa_page


def test_the_table_of_cpu_types_is_that_of_sev_snp_measure():
    from sevsnpmeasure.vcpu_types import CPU_SIGS

    assert dict(CPU_SIGNATURES) == CPU_SIGS
    assert set(CPU_SIGNATURES.values()) == {0x800F12, 0x830F10, 0xA00F11, 0xA10F10, 0xB00F00}


def test_types_of_a_release_come_first_among_those_that_measure_the_same():
    assert cpu_types_with(0x800F12)[0] == "EPYC-v4"
    assert len(cpu_types_with(0x800F12)) == 6
    assert cpu_types_with(0xA10F10) == ("EPYC-Genoa", "EPYC-Genoa-v1")
    assert cpu_types_with(0x123) == ()
    assert {cpu_types_with(CPU_SIGNATURES[name])[0] for name in RELEASE_CPU_TYPES} == set(RELEASE_CPU_TYPES)


@pytest.mark.parametrize("signature", sorted(set(CPU_SIGNATURES.values())))
@pytest.mark.parametrize("eip", [BOOT_EIP, 0x80B004, 0x1, 0xFFFF0000])
@pytest.mark.parametrize("features", [0x1, 0x21])
def test_vmsa_pages_are_those_of_sev_snp_measure(signature, eip, features):
    from sevsnpmeasure.vmsa import VMSA

    expected = bytes(VMSA.build_save_area(eip, features, signature))
    assert vmsa_page(eip=eip, cpu_signature=signature, guest_features=features) == expected


@pytest.mark.parametrize("number", range(8))
def test_kernel_hashes_are_those_of_sev_snp_measure(tmp_path, number):
    from sevsnpmeasure.sev_hashes import SevHashes

    source = random.Random(number)
    kernel, initrd = source.randbytes(100), source.randbytes(200) if number else b""
    line = "" if number == 1 else "root=" + "é" * number
    offset = (0, 0xC00, 4096 - TABLE_BYTES)[number % 3]
    (tmp_path / "kernel").write_bytes(kernel)
    (tmp_path / "initrd").write_bytes(initrd)
    judge = SevHashes(str(tmp_path / "kernel"), str(tmp_path / "initrd") if initrd else "", line)
    page = kernel_hashes_page(
        kernel_sha256=sha256(kernel).digest(),
        initrd_sha256=sha256(initrd).digest(),
        kernel_cmdline=line,
        offset=offset,
    )
    assert page == judge.construct_page(offset)


def hashes(**changes) -> bytes:
    known = {"kernel_sha256": b"\1" * 32, "initrd_sha256": b"\2" * 32, "kernel_cmdline": "a", "offset": 0}
    return kernel_hashes_page(**{**known, **changes})


@pytest.mark.parametrize(
    ("changes", "offset"),
    [
        ({"offset": -1}, "-0x1"),
        ({"offset": 3921}, "0xf51"),
        ({"offset": 4096}, "0x1000"),
        ({"offset": 1, "size": 176}, "0x1"),
        ({"offset": 0, "size": 175}, "0x0"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(changes, offset):
    with pytest.raises(EvidenceError) as raised:
        hashes(**changes)
    assert raised.value.what == "the table of kernel hashes does not fit into its page"
    assert raised.value.observed == f"offset {offset}"


@pytest.mark.parametrize(("offset", "size"), [(0, 176), (0, 4096), (3920, 4096), (16, 8192)])
def test_a_table_that_just_fits(offset, size):
    """As QEMU lays out `PaddedSevHashTable`: 18 bytes of head, three entries of 50, 8 bytes of padding."""
    page = hashes(offset=offset, size=size)
    assert len(page) == size
    assert not any(page[:offset])
    table = page[offset : offset + 176]
    assert (table[16:18], table[34:36]) == (b"\xa8\0", b"\x32\0")
    assert table[36:68] == sha256(b"a\0").digest()
    assert table[86:118] == b"\2" * 32
    assert table[136:168] == b"\1" * 32
    assert not any(page[offset + 168 :])


@pytest.mark.parametrize(
    ("family", "model", "stepping", "signature"),
    [
        (0x0F, 0x6B, 2, 0x060FB2),
        (0x10, 0x0A, 0, 0x100FA0),
        (6, 158, 10, 0x0906EA),
        (0x19, 0x11, 1, 0xA10F11),
        (0x1A, 0xFF, 15, 0xBF0FFF),
    ],
)
def test_signatures_are_put_together_as_cpuid_has_them(family, model, stepping, signature):
    """Of processors that are on the market: Athlon 64, Phenom II, Coffee Lake, Genoa; and the highest of all fields."""
    assert cpuid_signature(family, model, stepping) == signature


@pytest.mark.parametrize("size", [4096, 8192, 131072, 4 << 20])
def test_practice_firmware_follows_from_its_seed(size):
    firmware = practice_firmware("seed", size)
    assert len(firmware) == size
    assert firmware == practice_firmware("seed", size)
    assert firmware != practice_firmware("other", size)
    assert len(parse_firmware(firmware).sections) == 7


@pytest.mark.parametrize("size", [0, -4096, 4095, 4097, (4 << 20) + 4096])
def test_practice_firmware_of_an_impossible_size_is_refused(size):
    with pytest.raises(ParameterError, match="size"):
        practice_firmware("seed", size)


def test_practice_kernel_and_initrd_have_the_size_asked_for():
    assert [len(practice_kernel("a", size)) for size in (1024, 5000)] == [1024, 5000]
    assert [len(practice_initrd("a", size)) for size in (8, 5000)] == [8, 5000]
    assert practice_kernel("a", 2000) != practice_kernel("b", 2000)
    for make in (practice_kernel, practice_initrd):
        with pytest.raises(ParameterError, match="small"):
            make("a", 7)
