"""What a verdict says: the word alone means one thing, and everything else is told with it."""

from __future__ import annotations

import pytest

from auditkit import checks
from auditkit.audit import (
    CHOSEN,
    RELEASE_MATRIX,
    SENTENCES,
    Claim,
    Matrix,
    Verdict,
    decide_matrix,
    qualifications_of,
)
from auditkit.decision import Outcome, Qualification

TEE_LINES = (("BOOT_ARGS_TEE_A", "root=/dev/vda4 dfinity.tee=1"), ("BOOT_ARGS_TEE_B", "dfinity.tee=1 root=x"))


def test_every_qualification_has_a_sentence():
    assert set(SENTENCES) == set(Qualification)


@pytest.mark.parametrize(
    ("qualifications", "told", "heading"),
    [
        ((), "PASS", "PASS"),
        ((Qualification.PRACTICE_NETWORK,), "PASS (practice network)", "PASS (practice network)"),
        ((Qualification.OTHER_ROOT_KEY,), "PASS (another root key)", "PASS (another root key)"),
        ((Qualification.NO_REQUEST,), "PASS, qualified: no-request", "PASS, qualified"),
        (
            (Qualification.PRACTICE_NETWORK, Qualification.SERVER_DIGEST),
            "PASS (practice network), qualified: server-digest",
            "PASS (practice network)",
        ),
    ],
)
def test_a_verdict_is_told_with_its_qualifications(qualifications, told, heading):
    claim = Claim(Verdict.PASS, qualifications)
    assert (str(claim), claim.heading) == (told, heading)


def test_a_fail_is_told_with_its_qualifications_too():
    assert str(Claim(Verdict.FAIL, (Qualification.PRACTICE_NETWORK,))) == "FAIL (practice network)"


def test_qualifications_are_gathered_once_and_in_order():
    made = [
        checks.REPLY_REQUEST.warned("a", "b", qualifications=(Qualification.NO_REQUEST,)),
        checks.BASE_DIGEST.warned(
            "a", "b", qualifications=(Qualification.PLAIN_HTTP, Qualification.NO_REQUEST)
        ),
        checks.SETTINGS_POLICY.warned("a", "b", qualifications=(Qualification.POLICY_OVERLAP,)),
    ]
    assert qualifications_of(made) == (
        Qualification.POLICY_OVERLAP,
        Qualification.NO_REQUEST,
        Qualification.PLAIN_HTTP,
    )


def test_what_parameters_choose_is_told_apart_from_what_evidence_causes():
    assert set(CHOSEN) == {
        Qualification.OTHER_ROOT_KEY,
        Qualification.PRACTICE_NETWORK,
        Qualification.POLICY_OVERLAP,
        Qualification.MATRIX_CHANGED,
        Qualification.DEPTH_CERTIFICATES,
    }


def matrix(**changes) -> Matrix:
    values = {
        "vcpus": (64,),
        "vcpu_types": ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin"),
        "boot_args": ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B"),
        "guest_features": 1,
    }
    return Matrix(**{**values, **changes})


def test_the_release_matrix_is_that_of_dfinitys_build():
    assert matrix() == RELEASE_MATRIX


@pytest.mark.parametrize("lines", [TEE_LINES, ()])
def test_the_release_matrix_in_any_order_is_the_release_matrix(lines):
    turned = matrix(
        vcpu_types=("EPYC-Turin", "EPYC-v4", "EPYC-Genoa"), boot_args=("BOOT_ARGS_TEE_B", "BOOT_ARGS_TEE_A")
    )
    assert decide_matrix(turned, lines).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vcpus": (1,)}, "vcpus 1"),
        ({"vcpus": (64, 16)}, "vcpus 16, 64"),
        ({"vcpu_types": ("EPYC-Rome",)}, "vcpu_types EPYC-Rome"),
        ({"vcpu_types": ("EPYC-Genoa",)}, "vcpu_types EPYC-Genoa"),
        ({"boot_args": ("BOOT_ARGS_A",)}, "boot_args BOOT_ARGS_A"),
        ({"guest_features": 0x3D}, "guest_features 61"),
    ],
)
def test_another_matrix_qualifies(changes, told):
    decision = decide_matrix(matrix(**changes), TEE_LINES)
    assert (decision.outcome, decision.observed) == (Outcome.WARN, told)
    assert decision.qualifications == (Qualification.MATRIX_CHANGED,)


@pytest.mark.parametrize("text", ["root=/dev/vda4", "root=x dfinity.tee=10", "xdfinity.tee=1", ""])
def test_a_line_that_starts_no_sev_guest_qualifies(text):
    decision = decide_matrix(matrix(), (TEE_LINES[0], ("BOOT_ARGS_TEE_B", text)))
    assert decision.observed == "BOOT_ARGS_TEE_B without dfinity.tee=1"
    assert decision.qualifications == (Qualification.MATRIX_CHANGED,)
