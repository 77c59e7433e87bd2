"""No byte of a registry answer, and none of the request that is part of its proof, can be changed: a fifth of them
here, each in `make test-thorough`."""

from __future__ import annotations

import functools

import pytest

from auditkit.evidence import fetch_registry_value
from auditkit.ic import bls
from auditkit.ic.registry import replica_version_key, verify_registry_answer
from auditkit.practice import ROOT_KEY
from auditkit.practice.network import running
from auditkit.practice.scenarios import BASE_COMMIT

KEY = replica_version_key(BASE_COMMIT)


@pytest.fixture(scope="module", params=["honest", "not-elected"])
def answer(request):
    """A record, and a certified absence."""
    return fetch_registry_value((running(request.param).url,), KEY)


def concluded(certificate: bytes, request: bytes):
    """What follows from an answer: something that the registry says, or nothing."""
    found = verify_registry_answer(certificate, root_key=ROOT_KEY, key=KEY, request=request)
    return found.answer


@pytest.mark.slow
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.thorough)])
def test_every_changed_byte_of_the_certificate_is_refused(answer, step):
    assert concluded(answer.certificate, answer.request) is not None
    for offset in range(0, len(answer.certificate), step):
        byte = answer.certificate[offset]
        changed = bytearray(answer.certificate)
        changed[offset] = byte ^ (0x01, 0x20, 0x80)[offset % 3]
        assert concluded(bytes(changed), answer.request) is None, offset


@pytest.mark.slow
def test_every_changed_byte_of_the_request_is_refused(answer, monkeypatch):
    monkeypatch.setattr(bls, "verify", functools.cache(bls.verify))  # the certificate stays the same
    for mask in (0x01, 0x20, 0x80):
        for offset, byte in enumerate(answer.request):
            changed = bytearray(answer.request)
            changed[offset] = byte ^ mask
            assert concluded(answer.certificate, bytes(changed)) is None, (offset, mask)


def test_the_answer_about_one_version_is_none_about_another(answer):
    found = verify_registry_answer(
        answer.certificate, root_key=ROOT_KEY, key=replica_version_key("0" * 40), request=answer.request
    )
    assert found.answer is None
