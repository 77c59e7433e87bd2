"""Which of several bundles counts. What verifying each of them says is made by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from audit.outcomes.provenance import FORK, OTHER, QUESTION, RIGHT

from auditkit.audit import examine
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
