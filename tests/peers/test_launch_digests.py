"""The launch digests of virtee/sev and sev-snp-measure, computed from the pieces that a matrix is computed from."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from auditkit.errors import EvidenceError
from auditkit.sev import CPU_SIGNATURES, measured_boot
from auditkit.sev.launch_digest import firmware_chain
from auditkit.sev.measurement import MeasuredBoot
from auditkit.sev.ovmf import parse_firmware

NO_PLACE = "a GuestOS always starts with kernel hashes"
REFUSED = {
    "test_snp_with_ovmfx64_without_kernel_snp_only": NO_PLACE,
    "test_snp_with_ovmfx64_without_kernel_default": NO_PLACE,
    "test_snp_with_ovmfx64_and_kernel_should_fail": "as the suite demands",
}
"""All three have OvmfX64, a firmware without a place for kernel hashes."""


@pytest.fixture(scope="module")
def cases(peers: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((peers / "measurement" / "vectors.json").read_text())
    assert len(found) == 13
    return found


def digest(folder: Path, case: dict[str, Any]) -> str:
    firmware = parse_firmware((folder / case["ovmf"]).read_bytes())
    given = case["ovmf_hash"]
    boot = MeasuredBoot(
        firmware=firmware,
        firmware_digest=bytes.fromhex(given) if given else firmware_chain(firmware),
        firmware_sha256=bytes(32),
        kernel_sha256=sha256(b"").digest(),
        initrd_sha256=sha256(b"").digest(),
    )
    before = boot.before_vcpus(None if case["kernel"] is None else case["append"])
    signature = CPU_SIGNATURES[case["vcpu_type"]]
    digests = boot.vcpu_digests(before, signature, case["guest_features"])
    return next(islice(digests, case["vcpus"] - 1, None)).hex()


def test_each_digest_is_that_of_the_suite(cases, peers):
    taken = [case for case in cases if case["name"] not in REFUSED]
    assert len(taken) == 10
    for case in taken:
        assert (case["vmm"], case["kernel"] or "", case["initrd"] or "") == ("QEMU", "", "")
        assert digest(peers / "measurement", case) == case["expected"], case["name"]


def test_a_firmware_without_a_place_for_kernel_hashes_is_refused(cases, peers):
    for case in cases:
        if case["name"] in REFUSED:
            with pytest.raises(EvidenceError, match="kernel hashes"):
                digest(peers / "measurement", case)


def test_an_empty_kernel_which_the_suite_measures_is_refused(peers):
    firmware = (peers / "measurement" / "ovmf_AmdSev_suffix.bin").read_bytes()
    with pytest.raises(EvidenceError, match="the kernel is an empty file"):
        measured_boot(firmware, b"", b"")
