"""Which of several bundles counts, and for what. What verifying each of them says is made by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from audit.outcomes.provenance import EVIDENCE, FORK, OTHER, QUESTION, RIGHT, decided

from auditkit import checks
from auditkit.audit import decide_provenance, examine, is_attested
from auditkit.decision import Outcome
from auditkit.errors import EvidenceError
from auditkit.provenance import DFINITY, Attestation, AttestedFile, Bundle, NotYetKnownError

COPY = replace(RIGHT, repository=FORK)  # breaks one rule
WORSE = replace(COPY, commit="d" * 40)  # two
WORST = replace(WORSE, subjects=(AttestedFile("SHA256SUMS", OTHER),))
FORGED = EvidenceError("it is not genuine: the signature over the statement is wrong")
NEWER, OTHERS = NotYetKnownError("the form is not known here"), NotYetKnownError("the log is not known here")


def examined(*said: Attestation | Exception):
    """What is found out about as many bundles, in the order in which they are given."""
    asked = []

    def verify(bundle: Bundle) -> Attestation:
        asked.append(bundle.data)
        answer = said[int(bundle.data)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    bundles = [Bundle(b"%d" % number, "") for number in range(len(said))]
    found = examine(bundles, SimpleNamespace(verify=verify), DFINITY, QUESTION)
    assert asked == [bundle.data for bundle in bundles][: len(asked)]
    return found


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ([RIGHT], 0),
        ([COPY, FORGED, RIGHT], 2),
        ([RIGHT, replace(RIGHT, log_index=18)], 0),
        ([NEWER, RIGHT], 1),
        ([RIGHT, NEWER], 0),
        ([COPY, NEWER, RIGHT], 2),
    ],
)
def test_the_first_that_keeps_all_rules(said, chosen):
    found = examined(*said)
    assert found.keeps_all
    assert (found.bundle.data, found.attestation, found.refused) == (b"%d" % chosen, said[chosen], "")


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ([WORSE, COPY, WORST], 1),
        ([COPY, WORSE], 0),
        ([WORST, WORSE], 1),
        ([COPY, replace(COPY, log_index=18)], 0),
        ([FORGED, WORST], 1),
        ([WORST, FORGED], 0),
    ],
)
def test_where_none_does_the_one_that_keeps_most(said, chosen):
    found = examined(*said)
    assert not found.keeps_all
    assert (found.bundle.data, found.attestation, found.refused) == (b"%d" % chosen, said[chosen], "")


def test_one_that_is_not_genuine_keeps_no_rule_and_says_why():
    found = examined(FORGED, EvidenceError("another"))
    assert (found.bundle.data, found.attestation, found.findings) == (b"0", None, ())
    assert found.refused == "it is not genuine: the signature over the statement is wrong"
    assert not found.keeps_all


@pytest.mark.parametrize("said", [[NEWER], [NEWER, OTHERS], [COPY, NEWER], [NEWER, COPY], [FORGED, NEWER]])
def test_one_that_nobody_can_judge_may_be_the_right_one(said):
    with pytest.raises(NotYetKnownError) as raised:
        examined(*said)
    assert raised.value is NEWER


def test_of_none_there_is_none():
    assert examined() is None


@pytest.mark.parametrize(
    ("said", "attested"), [([RIGHT], True), ([COPY], False), ([FORGED], False), ([], False)]
)
def test_a_list_can_be_relied_on_where_one_keeps_all_rules(said, attested):
    question = replace(QUESTION, elected=None)
    assert decide_provenance(examined(*said), len(said), question, DFINITY, EVIDENCE).attested is attested


@pytest.mark.parametrize(
    ("decisions", "attested"),
    [
        ([replace(checks.PROVENANCE_ATTESTED.skipped(""), outcome=outcome)], outcome is Outcome.PASS)
        for outcome in Outcome
    ]
    + [
        ([checks.PROVENANCE_SIGNATURE.passed("", "")], False),
        ([checks.BASE_DIGEST.passed("", "")], False),
        ([], False),
    ],
)
def test_there_is_an_attestation_where_check_67_passed(decisions, attested):
    assert is_attested(decisions) is attested


LONG = "x" * 501


def test_what_a_bundle_says_is_told_in_500_characters():
    told = {made.id: made.observed for made in decided(None, refused=LONG)()}
    assert told["provenance.signature"] == "x" * 500
    told = {made.id: made.observed for made in decided(replace(RIGHT, repository=LONG))()}
    assert told["provenance.repository"] == "x" * 500
