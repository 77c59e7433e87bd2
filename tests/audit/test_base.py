"""Checks 18 and 19: which word about the base image counts for how much."""

from __future__ import annotations

import pytest

from auditkit import checks
from auditkit.audit import CertifiedDigest, decide_digest, decide_version, warn_about_plain_http
from auditkit.decision import Outcome, Qualification

ONE, OTHER = "1" * 64, "2" * 64
VERSION, ANOTHER = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("pinned", "published", "outcome", "qualifications"),
    [
        (ONE, None, Outcome.WARN, (Qualification.PINNED_DIGEST,)),
        (ONE, OTHER, Outcome.WARN, (Qualification.PINNED_DIGEST,)),
        (None, ONE, Outcome.WARN, (Qualification.SERVER_DIGEST,)),
        (None, None, Outcome.WARN, (Qualification.SERVER_DIGEST,)),
        (OTHER, None, Outcome.FAIL, ()),
        (OTHER, ONE, Outcome.FAIL, ()),
        (None, OTHER, Outcome.FAIL, ()),
        ("", ONE, Outcome.FAIL, ()),
    ],
)
def test_a_digest_that_nobody_signed_never_passes(pinned, published, outcome, qualifications):
    decision = decide_digest(ONE, pinned, published, ("image",))
    assert (decision.id, decision.outcome, decision.qualifications) == (
        "base.digest",
        outcome,
        qualifications,
    )


@pytest.mark.parametrize(
    ("pinned", "published", "certified", "outcome"),
    [
        (None, None, ONE, Outcome.PASS),
        (None, OTHER, ONE, Outcome.PASS),  # who signed counts for more than who serves
        (ONE, None, ONE, Outcome.PASS),
        (None, None, "a" * 64, Outcome.WARN),  # which check 51 fails
        (None, ONE, OTHER, Outcome.WARN),
        (ONE, None, OTHER, Outcome.WARN),
        (None, OTHER, OTHER, Outcome.FAIL),
        (OTHER, None, ONE, Outcome.FAIL),  # whoever pins a digest wants that one
    ],
)
def test_a_digest_that_the_nns_signed_passes_alone(pinned, published, certified, outcome):
    decision = decide_digest(ONE, pinned, published, (), certified=CertifiedDigest(certified, "proposal 1"))
    assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("texts", "outcome"),
    [
        ([VERSION], Outcome.PASS),
        ([VERSION + "\n", VERSION], Outcome.PASS),
        ([], Outcome.WARN),
        ([""], Outcome.WARN),
        (["0.9.0"], Outcome.WARN),
        ([VERSION[:39]], Outcome.WARN),
        ([VERSION.upper()], Outcome.WARN),
        ([VERSION, "recovery"], Outcome.WARN),
        ([f"{ANOTHER} and more"], Outcome.WARN),
        ([ANOTHER], Outcome.FAIL),
        ([ANOTHER + "\n"], Outcome.FAIL),
        ([ANOTHER.upper()], Outcome.FAIL),
        ([VERSION, ANOTHER], Outcome.FAIL),
        (["0.9.0", ANOTHER], Outcome.FAIL),
    ],
)
def test_the_commit_of_another_release_fails_and_another_text_warns(texts, outcome):
    assert decide_version(texts, VERSION, ()).outcome is outcome


PASSED = checks.RECOVERY_VERSION.passed("it", "It is well.")
WARNED = checks.BASE_DIGEST.warned("it", "It is not signed.", qualifications=(Qualification.SERVER_DIGEST,))


@pytest.mark.parametrize("origin", ["http://host/x", "HTTP://host/x", "http://127.0.0.1:8080/x"])
def test_plain_http_is_told(origin):
    assert warn_about_plain_http(PASSED, origin).outcome is Outcome.WARN
    assert warn_about_plain_http(PASSED, origin).qualifications == (Qualification.PLAIN_HTTP,)
    told = warn_about_plain_http(WARNED, origin)
    assert told.qualifications == (Qualification.SERVER_DIGEST, Qualification.PLAIN_HTTP)
    assert told.reason.startswith("It is not signed. It came by plain http")


@pytest.mark.parametrize("origin", ["https://host/x", "practice:honest", "/tmp/http:/x", "http.img", ""])
def test_other_places_are_not(origin):
    assert warn_about_plain_http(PASSED, origin) is PASSED


@pytest.mark.parametrize(
    "decision", [checks.BASE_DIGEST.failed("it", "It is another."), checks.BASE_DIGEST.skipped("Not asked.")]
)
def test_plain_http_makes_no_failure_and_no_skip_better(decision):
    assert warn_about_plain_http(decision, "http://host/x") is decision
