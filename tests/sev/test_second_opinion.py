"""sev-snp-measure agrees with what is right, and only with that."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import pytest

from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import Disagreement, measure, measured_boot, second_opinion

FILES = practice_firmware("a"), practice_kernel("a", 2000), practice_initrd("a", 2000)
LINES = {"BOOT_ARGS_TEE_A": "root=a", "BOOT_ARGS_TEE_B": ""}


@pytest.fixture(scope="module")
def matrix():
    boot = measured_boot(*FILES)
    return (
        *measure(boot, LINES, vcpus=(16, 64)),
        *measure(boot, LINES, kernel_hashes=False, guest_features=0x21),
    )


def test_it_agrees_on_every_setting(matrix):
    opinion = second_opinion(matrix, *FILES)
    assert (opinion.library, opinion.version) == ("sev-snp-measure", version("sev-snp-measure"))
    assert (opinion.compared, opinion.disagreements) == (18, ())


@pytest.mark.parametrize(
    "change",
    [
        {"measurement": bytes(48)},
        {"vcpus": 15},
        {"vcpu_type": "EPYC-Rome"},
        {"guest_features": 0x21},
        {"kernel_cmdline": "root=b"},
        {"kernel_hashes": False},
    ],
)
def test_it_disagrees_with_a_measurement_of_another_setting(matrix, change):
    wrong = replace(matrix[0], **change)
    opinion = second_opinion((matrix[1], wrong), *FILES)
    (disagreement,) = opinion.disagreements
    assert disagreement.computed == wrong
    assert disagreement.other is not None
    assert disagreement.other != wrong.measurement


@pytest.mark.parametrize("place", [0, 1, 2])
def test_it_disagrees_about_other_files(matrix, place):
    files = [bytearray(data) for data in FILES]
    files[place][0] ^= 1
    opinion = second_opinion(matrix[:3], *(bytes(data) for data in files))
    assert len(opinion.disagreements) == 3


def test_a_library_that_gives_up_has_not_agreed(matrix):
    wrong = replace(matrix[0], vcpu_type="EPYC-Venice")
    opinion = second_opinion((wrong, matrix[1]), *FILES)
    assert opinion.disagreements == (Disagreement(wrong, None, "KeyError: 'EPYC-Venice'"),)
    assert opinion.compared == 2


def test_the_reason_of_a_library_that_gives_up_is_short(matrix):
    wrong = replace(matrix[0], vcpu_type="x" * 500)
    (disagreement,) = second_opinion((wrong,), *FILES).disagreements
    assert disagreement.reason == "KeyError: '" + "x" * 289


def test_nothing_is_left_behind(matrix, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    second_opinion(matrix[:1], *FILES)
    assert list(tmp_path.iterdir()) == []
