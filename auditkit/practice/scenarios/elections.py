"""Scenarios about the election of a release: what a voter sees of it, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from auditkit import checks
from auditkit.ic import ProposalStatus
from auditkit.practice.scenarios.says import ElectionSays, RegistrySays
from auditkit.practice.scenarios.scenario import Scenario

_STAGE: Final = "election.stage"
_DIGEST_GIVEN: Final = "election.digest-given"
_URLS: Final = "election.urls"
_MEASUREMENTS_GIVEN: Final = "election.measurements-given"
_COVERAGE: Final = "election.coverage"
_RECORD: Final = "election.record"
_IMAGE: Final = "election.image"


def _open(scenario: Scenario) -> Scenario:
    """The election while it is voted on: the registry does not know its version yet."""
    return replace(scenario, stage="vote", status=ProposalStatus.OPEN, registry=RegistrySays.ABSENT)


_VOTES: Final = (
    Scenario(
        "election-honest",
        "A release is proposed, and it is what it says it is",
        "The weekly release is put to the vote. The image behind its address has the digest of the proposal, and "
        "measures to exactly the six values that it names.",
        910011,
        "PASS",
        "PASS",
        checks.OVERLAP_EXPLAINED.id,
        election=ElectionSays.RIGHT,
    ),
    Scenario(
        "election-open",
        "A voter looks at an election that retires older versions",
        "Voting is open, which is what one expects at the stage of the vote. Beside electing a release, the "
        "proposal retires an older version, as most of them do.",
        910012,
        "PASS",
        "PASS",
        _STAGE,
        election=ElectionSays.RETIRES_OTHERS,
    ),
    Scenario(
        "election-older-labels",
        "The measurements have labels of the older kind",
        "The proposal was made when measurements named their command line and no CPU type. Values and command "
        "lines are right.",
        910013,
        "PASS",
        "PASS",
        checks.OVERLAP_LABELS.id,
        election=ElectionSays.RIGHT,
        older_interface=True,
    ),
    Scenario(
        "election-same-url-twice",
        "Both addresses are the same",
        "The proposal names two addresses for the image, so that nodes have another one to turn to. They are one "
        "and the same, which is worth a warning; the image is right.",
        910014,
        "PASS",
        "PASS",
        _URLS,
        election=ElectionSays.SAME_URL_TWICE,
    ),
    Scenario(
        "election-url-of-other-version",
        "One of the addresses names another version",
        "The first address leads to the image that is elected, the second to one of another version. Nodes check "
        "the digest and would not take it, so this is worth a warning.",
        910015,
        "PASS",
        "PASS",
        _URLS,
        election=ElectionSays.URL_OF_OTHER_VERSION,
    ),
    Scenario(
        "election-no-measurements",
        "The proposal names no measurements",
        "The image is right, but the proposal does not say what it measures to. A subnet of confidential machines "
        "that is upgraded to such a version gets stuck.",
        910016,
        "FAIL",
        "FAIL",
        _MEASUREMENTS_GIVEN,
        election=ElectionSays.NO_MEASUREMENTS,
    ),
    Scenario(
        "election-one-wrong",
        "One of the measurements is wrong",
        "Five of the six measurements are those of the image. The sixth belongs to no setting of it: machines of "
        "that kind would not start, and something else entirely would be let in.",
        910017,
        "FAIL",
        "PASS",
        checks.OVERLAP_EXPLAINED.id,
        election=ElectionSays.ONE_WRONG,
    ),
    Scenario(
        "election-missing-cpu",
        "One type of CPU is left out",
        "The four measurements of the proposal are right, but those of the newest type of CPU are not there. "
        "Such machines could not run the version.",
        910018,
        "FAIL",
        "PASS",
        _COVERAGE,
        election=ElectionSays.MISSING_CPU,
    ),
    Scenario(
        "election-wrong-label",
        "The labels stand beside the wrong measurements",
        "The measurements are those of the image, but the kernel command lines beside them are exchanged: what is "
        "said to be boot slot A is boot slot B.",
        910019,
        "FAIL",
        "PASS",
        checks.OVERLAP_LABELS.id,
        election=ElectionSays.WRONG_LABEL,
    ),
    Scenario(
        "election-other-digest",
        "The image behind the address is another one",
        "The digest in the proposal is not that of the image that its address leads to. Whoever votes for it "
        "votes for an image that nobody has shown.",
        910020,
        "FAIL",
        "FAIL",
        _IMAGE,
        election=ElectionSays.OTHER_DIGEST,
    ),
    Scenario(
        "election-short-digest",
        "The digest lacks a digit",
        "The digest in the proposal has 63 digits instead of 64; the last one was lost. No image has such a digest.",
        910021,
        "FAIL",
        "FAIL",
        _DIGEST_GIVEN,
        election=ElectionSays.SHORT_DIGEST,
    ),
    Scenario(
        "election-no-url",
        "The proposal does not say where the image is",
        "The proposal names a digest and measurements, and no address. Nodes could not download the version, and "
        "voters cannot look at it.",
        910022,
        "FAIL",
        "FAIL",
        _URLS,
        election=ElectionSays.NO_URL,
    ),
    Scenario(
        "election-file-url",
        "An address leads into the reader's own machine",
        "Beside the right address the proposal names one that begins with file:. It would have every node, and "
        "every voter's program, read a file of its own.",
        910023,
        "FAIL",
        "FAIL",
        _URLS,
        election=ElectionSays.FILE_URL,
    ),
    Scenario(
        "election-unelects-only",
        "The proposal elects nothing",
        "The proposal only retires an older version. That may be right, but there is no release in it to look at.",
        910024,
        "FAIL",
        "FAIL",
        _STAGE,
        election=ElectionSays.UNELECTS_ONLY,
    ),
    Scenario(
        "election-other-function",
        "The proposal is no election",
        "The number belongs to a proposal that has a subnet run a version. Which versions may run at all is "
        "decided elsewhere.",
        910025,
        "FAIL",
        "FAIL",
        _STAGE,
        election=ElectionSays.OTHER_FUNCTION,
    ),
)

_DECIDED: Final = (
    Scenario(
        "election-not-executed",
        "The election is not decided yet",
        "Somebody wants to build on a version whose election is still voted on. Everything about it is right, but "
        "it may yet be rejected.",
        910026,
        "FAIL",
        "FAIL",
        _STAGE,
        status=ProposalStatus.OPEN,
        election=ElectionSays.RIGHT,
        registry=RegistrySays.ABSENT,
    ),
    Scenario(
        "election-record-differs",
        "The registry says something else than the proposal",
        "The election was executed, and the image is that of the proposal. The record in the registry, which is "
        "what nodes go by, has the digest of another image.",
        910027,
        "FAIL",
        "FAIL",
        _RECORD,
        election=ElectionSays.RIGHT,
        registry=RegistrySays.OTHER_DIGEST,
    ),
    Scenario(
        "election-executed",
        "The election was executed, and the registry says the same",
        "The NNS adopted the proposal. The record in the registry names the same digest, the same address and the "
        "same measurements, and the image is the one that was voted on.",
        910028,
        "PASS",
        "PASS",
        _RECORD,
        election=ElectionSays.RIGHT,
    ),
)

ELECTIONS: Final = (*(_open(scenario) for scenario in _VOTES), *_DECIDED)
