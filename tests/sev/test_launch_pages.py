"""The pages behind a measurement: hashed one by one with hashlib alone, they give what sev-snp-measure gives."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha384
from struct import pack

import pytest

from auditkit.errors import ParameterError
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import launch_pages, measure, measured_boot

FIRMWARE = practice_firmware("firmware")
KERNEL, INITRD = practice_kernel("kernel", 4000), practice_initrd("initrd", 5000)
LINES = {"BOOT_ARGS_TEE_A": "root=a dfinity.tee=1", "BOOT_ARGS_TEE_B": "root=b dfinity.tee=1"}
MATRIX = {"vcpu_types": ("EPYC-Turin",), "vcpus": (3,)}


@pytest.fixture(scope="module")
def boot():
    return measured_boot(FIRMWARE, KERNEL, INITRD)


def by_hand(pages) -> bytes:
    """The digest of AMD's specification 56860, section 8.17, typed out once more."""
    digest = bytes(48)
    for page in (*pages.firmware, *pages.metadata, *pages.vcpus):
        content = bytes(48) if page.content is None else sha384(page.content).digest()
        digest = sha384(digest + content + pack("<HBBIQ", 0x70, page.type, 0, 0, page.address)).digest()
    return digest


@pytest.mark.parametrize("name", LINES)
def test_pages_hashed_by_hand_give_what_sev_snp_measure_gives(name, boot, judge):
    (measured,) = [one for one in measure(boot, LINES, **MATRIX) if one.boot_args == name]
    pages = launch_pages(boot, measured)
    expected = judge(FIRMWARE, KERNEL, INITRD, measured.kernel_cmdline, "EPYC-Turin", 3)
    assert by_hand(pages) == expected
    assert pages.measurement == expected


def test_a_guest_without_kernel_hashes_has_a_page_of_zeros_in_their_place(boot):
    (measured,) = measure(boot, {"BOOT_ARGS_A": ""}, **MATRIX, kernel_hashes=False)
    pages = launch_pages(boot, measured)
    (page,) = [one for one in pages.metadata if one.what.startswith("hashes of kernel")]
    assert (page.type, page.content) == (3, None)
    assert by_hand(pages) == measured.measurement


def test_a_page_extends_a_digest_as_one_does_by_hand(boot):
    measured, *_ = measure(boot, LINES, **MATRIX)
    pages = launch_pages(boot, measured)
    digest = bytes(48)
    for page in (*pages.firmware, *pages.metadata, *pages.vcpus):
        digest = page.extend(digest)
    assert digest == by_hand(pages)


def test_there_is_a_page_for_each_vcpu_and_each_4096_bytes_of_firmware(boot):
    measured, *_ = measure(boot, LINES, **MATRIX)
    pages = launch_pages(boot, measured)
    assert len(pages.vcpus) == 3
    assert b"".join(page.content for page in pages.firmware) == FIRMWARE
    assert pages.firmware[-1].address == 2**32 - 4096


def test_more_vcpus_than_a_guest_can_have_are_refused(boot):
    measured, *_ = measure(boot, LINES, **MATRIX)
    with pytest.raises(ParameterError, match="no guest can have"):
        launch_pages(boot, replace(measured, vcpus=10**9))
