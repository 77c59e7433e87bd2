"""What a proposal must look like: each rule broken alone."""

from __future__ import annotations

import pytest

from auditkit.audit import decide_content
from auditkit.decision import Outcome
from auditkit.ic import BlessAlternativeGuestOsVersion, BlessedMeasurement

CHIP = b"\x01" * 64
ENTRY = BlessedMeasurement(b"\x02" * 48, None, None)


def outcomes(chips=(CHIP,), root="ab" * 32, entries=(ENTRY,)):
    bless = BlessAlternativeGuestOsVersion(chips, root, entries)
    return tuple(decision.outcome for decision in decide_content(bless, ()))


def test_well_formed():
    assert outcomes() == (Outcome.PASS,) * 3


@pytest.mark.parametrize(
    ("chips", "outcome"),
    [
        ((), Outcome.FAIL),
        ((b"\x01" * 63,), Outcome.FAIL),
        ((CHIP, b"\x01" * 65), Outcome.FAIL),
        ((CHIP, b""), Outcome.FAIL),
        ((CHIP, CHIP), Outcome.WARN),
        ((bytes(64),), Outcome.FAIL),  # what a masked chip reports
        ((CHIP, bytes(64)), Outcome.FAIL),
        ((bytes(64), bytes(64)), Outcome.FAIL),
        ((b"\x01" + bytes(63),), Outcome.PASS),
        ((bytes(63) + b"\x01",), Outcome.PASS),
        ((bytes(range(1, 9)) + bytes(56),), Outcome.PASS),  # the form of a Turin chip
    ],
)
def test_chip_ids(chips, outcome):
    assert outcomes(chips=chips) == (outcome, Outcome.PASS, Outcome.PASS)


def test_the_chip_of_a_real_turin_report(vectors):
    """8 bytes and 56 zeros are a chip id; CHIP_ID stands at 1A0h (AMD SEV-SNP ABI, ATTESTATION_REPORT)."""
    chip = (vectors / "attestation" / "real" / "turin_v5_azure.bin").read_bytes()[0x1A0:0x1E0]
    assert chip.endswith(bytes(56))
    assert outcomes(chips=(chip,)) == (Outcome.PASS,) * 3


@pytest.mark.parametrize(
    "root", ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab" * 32 + "\n", "0x" + "ab" * 31, "٠" * 64]
)
def test_bad_root_hash(root):
    assert outcomes(root=root) == (Outcome.PASS, Outcome.FAIL, Outcome.PASS)


def test_upper_case_root_hash_is_fine():
    assert outcomes(root="AB" * 32) == (Outcome.PASS,) * 3


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ((), Outcome.FAIL),
        ((BlessedMeasurement(b"\x02" * 47, None, None),), Outcome.FAIL),
        ((ENTRY, BlessedMeasurement(b"", None, None)), Outcome.FAIL),
        ((ENTRY, ENTRY), Outcome.WARN),
    ],
)
def test_measurements(entries, outcome):
    assert outcomes(entries=entries) == (Outcome.PASS, Outcome.PASS, outcome)
