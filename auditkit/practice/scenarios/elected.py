"""Scenarios about the base version of a recovery: whether the NNS elected it, and what its registry says about it."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.practice.scenarios.says import RegistrySays
from auditkit.practice.scenarios.scenario import Scenario

ELECTED: Final = (
    Scenario(
        "elected-in-chunks",
        "The registry hands out the record in pieces",
        "The base version is elected. Its record is kept as large records are: the certified answer names the "
        "digests of its pieces, and the pieces are fetched one by one.",
        900034,
        "PASS",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.CHUNKED,
    ),
    Scenario(
        "elected-later-field",
        "The record has fields that are newer than this program",
        "The registry has moved on, and the record of the base version holds two fields that nobody here knows. "
        "What is known of it is as it should be.",
        900035,
        "PASS",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.LATER_FIELD,
    ),
    Scenario(
        "unelected-with-proposal",
        "The base version was elected, and has been retired since",
        "The registry does not list the base version any more: it was replaced by newer ones. The proposal that "
        "elected it, number 910003, is still there to prove that the NNS once did.",
        900036,
        "PASS",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.UNELECTED,
        parameters={"election_source": "proposal:910003"},
    ),
    Scenario(
        "elected-without-measurements",
        "The base version was elected before measurements were recorded",
        "The record of the base version is older than August 2026 and names an image, but no launch measurements. "
        "The image is the elected one; what it measures to, the NNS never said.",
        900037,
        "PASS",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.WITHOUT_MEASUREMENTS,
    ),
    Scenario(
        "not-elected",
        "The registry knows no such version",
        "Proposal, image and measurements agree with each other, but the registry certifies that it has no record "
        "of the base version. Perhaps it was retired, perhaps it never was elected: without a witness of its "
        "election nobody can tell.",
        900038,
        "TROUBLE",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.ABSENT,
    ),
    Scenario(
        "not-in-catalogue",
        "No election of the base version was ever held",
        "As in the scenario not-elected, but somebody kept a catalogue of all elections, certified one by one and "
        "without a gap. None of them is about the base version: the NNS never elected it.",
        900044,
        "FAIL",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.ABSENT,
        parameters={"election_source": "catalogue", "catalogue": "practice:not-in-catalogue"},
    ),
    Scenario(
        "answer-without-request",
        "The registry's answer came without the question",
        "Somebody handed on a genuine answer of the registry, and not the request that it answers. The answer does not "
        "name the version that it is about, so it could be about any.",
        900045,
        "TROUBLE",
        "PASS",
        checks.ELECTION_ANSWER.id,
        registry=RegistrySays.WITHOUT_REQUEST,
        parameters={"election_source": "practice:answer-without-request"},
    ),
    Scenario(
        "layout-unknown",
        "The record is written in a way that nobody here can read",
        "The registry certifies a record of the base version, but its measurements are encoded in another way than "
        "this program knows. It does not guess.",
        900039,
        "TROUBLE",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.LAYOUT_UNKNOWN,
    ),
    Scenario(
        "other-digest",
        "The elected image is another one",
        "The base version is elected, but with the digest of another image than the release server hands out "
        "under its name.",
        900040,
        "FAIL",
        "PASS",
        checks.ELECTION_DIGEST.id,
        registry=RegistrySays.OTHER_DIGEST,
    ),
    Scenario(
        "other-measurements",
        "The elected measurements are others",
        "The base version is elected with the right image, but the measurements in its record are those of another "
        "release. The image measures to what the recovery blesses, and not to what was elected.",
        900041,
        "FAIL",
        "PASS",
        checks.ELECTION_MEASUREMENTS.id,
        registry=RegistrySays.OTHER_MEASUREMENTS,
    ),
    Scenario(
        "other-key",
        "The record says that it is about another version",
        "The registry answers with a record in which another version is named than the one that it was asked for. "
        "Such a record contradicts itself, and proves nothing.",
        900042,
        "FAIL",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.OTHER_KEY,
    ),
    Scenario(
        "witness-not-adopted",
        "The witness of the election was voted down",
        "The registry does not list the base version, and somebody points at proposal 910004 as the one that "
        "elected it. The NNS rejected that proposal.",
        900043,
        "FAIL",
        "PASS",
        checks.ELECTION_ELECTED.id,
        registry=RegistrySays.ABSENT,
        parameters={"election_source": "proposal:910004"},
    ),
)
