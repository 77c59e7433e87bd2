"""Checks 49 to 53: what the NNS says about the election of a base release, and whether image and proposal agree."""

from __future__ import annotations

from audit.outcomes.case import fails, passes, resting_on, skips, warns
from audit.outcomes.measurements import digest, setting
from ic import electing
from ic.registry import writing
from ic.registry.writing import COMMIT, IMAGE, KEY, blob, measurement, number, record, value

from auditkit import checks
from auditkit.audit import (
    CatalogueWord,
    decide_blessed,
    decide_certified_digest,
    decide_certified_measurements,
    decide_elected,
    unasked,
)
from auditkit.decision import Qualification
from auditkit.ic import BlessedMeasurement, encode_envelope, request_id
from auditkit.practice.nns.candid_writer import OptType, encode

ANSWER, ELECTED = checks.ELECTION_ANSWER, checks.ELECTION_ELECTED
NAMES = ("election.cbor",)
SIGNED = "signed 2026-05-28 20:26:40 UTC"
REGISTRY, WITNESS = "the registry (version 62,948)", "proposal 139000"
EARLIER = {"argument": blob(1, number(1, 63_000)) + blob(2, KEY)}
ABSENT = writing.error(1)
UNREADABLE = value(record(measurement(b"m" * 47)))
UNKNOWN_LAYOUT = (
    "This version of auditkit does not know the layout of the answer: a measurement of the record is not a launch "
    "measurement (expected 48 bytes, found 47 bytes)"
)


def registry(*arguments, **changes):
    """What the practice registry says, verified."""
    return writing.decided(*arguments, **changes)


def proposal(content: bytes | None = None, *, verified=None, **changes):
    """What the practice governance says about an election, verified."""
    return electing.decided(electing.reply(content, **changes), **(verified or {}))


def asked(record=None, witness=None, catalogue=None, **more):
    """Checks 49 and 50 about answers that are made when the case runs."""

    def make():
        said = (one() if one is not None else None for one in (record, witness))
        return decide_elected(COMMIT, *said, catalogue, NAMES, **more).decisions

    return make


def says(*arguments, **changes):
    return lambda: registry(*arguments, **changes)


def proposes(content: bytes | None = None, **changes):
    return lambda: proposal(content, **changes)


NOT_THAT = "What is given as the NNS's answer about the election is not:"
NOTHING_FOLLOWS = "Nothing follows from an answer about the election that came without its request."
NO_CALL_KEPT = "The request was not kept, and nothing else says which record the answer is about."
NO_QUESTION = (
    "Without the stored request it is not proven which canister, method and argument were called: any canister that "
    "the signer may speak for could have given this answer."
)
OTHER_ID = request_id(writing.call()).hex()
NULL = encode(OptType(electing.INFO_TYPE), None)

ANSWERS = (
    *resting_on(
        NAMES,
        passes(
            ANSWER,
            "the registry's",
            asked(says()),
            f"{REGISTRY}, {SIGNED}",
            "The signature leads to the root key, and it is the answer to this question.",
        ),
        passes(
            ANSWER,
            "the registry's, that nobody can read, and a proposal",
            asked(says(UNREADABLE), proposes()),
            f"the registry, {SIGNED}; {WITNESS}, {SIGNED}",
            "The signature leads to the root key, and it is the answer to this question.",
        ),
        fails(
            ANSWER,
            "the answer to another call",
            asked(says(request=encode_envelope(writing.call(nonce=b"x")))),
            f"registry.request: request {OTHER_ID}",
            f"{NOT_THAT} The certificate answers another call than the stored one.",
        ),
        fails(
            ANSWER,
            "the answer about another version",
            lambda: decide_elected(electing.OLDER, registry(), None, None, NAMES).decisions,
            KEY,
            "The registry was asked about another record.",
            expected=f"replica_version_{electing.OLDER}",
        ),
        *(
            skips(
                check, "no request was kept", asked(says(request=False)), f"{NOTHING_FOLLOWS} {NO_CALL_KEPT}"
            )
            for check in (ANSWER, ELECTED)
        ),
        *(
            skips(
                check,
                "no request of the witness was kept",
                asked(says(), proposes(verified={"request": None})),
                f"{NOTHING_FOLLOWS} {NO_QUESTION}",
            )
            for check in (ANSWER, ELECTED)
        ),
    ),
    *(
        skips(check, "nobody was asked", lambda: unasked("Nobody was asked.").decisions, "Nobody was asked.")
        for check in (ANSWER, ELECTED)
    ),
    *(
        skips(
            check,
            "nothing was given",
            asked(),
            "Nothing that the NNS signed about the election of the base version was given.",
        )
        for check in (ANSWER, ELECTED)
    ),
    skips(ANSWER, "nobody answered", asked(unheard="No host answers."), "No host answers."),
    skips(
        ELECTED,
        "the answer to another call",
        asked(says(request=encode_envelope(writing.call(nonce=b"x")))),
        "Not reached: election.answer failed.",
    ),
    skips(
        ELECTED,
        "the answer about another version",
        lambda: decide_elected(electing.OLDER, registry(), None, None, NAMES).decisions,
        "Not reached: election.answer failed.",
    ),
)

UNELECTED = (
    "It was elected by a certified proposal, and has been un-elected since, as releases are routinely."
)
NOT_KNOWN = "It was elected by a certified proposal, and what the registry says of it now is not known here."
DID_NOT = "The proposal that is said to have elected the version did not:"
ANOTHER = "The proposal that is said to have elected the version elected another."
ELECTS_ANOTHER = proposes(electing.payload(replica_version_to_elect=electing.OLDER))
NOT_NOW = "It was not elected at version 63,000 of the registry, and no later one was asked"

RECORDED = (
    passes(
        ELECTED,
        "a record",
        asked(says()),
        f"a record in {REGISTRY}",
        "The NNS elected it, and nodes may run it.",
    ),
    passes(
        ELECTED,
        "a record with a field that is not known, and its election, whose digest is in upper case",
        asked(
            says(value(record(more=blob(10, COMMIT) + number(11, 1)))),
            proposes(electing.payload(release_package_sha256_hex=IMAGE.upper())),
        ),
        f"a record in {REGISTRY}; fields that are not known: 11",
        "The NNS elected it, and nodes may run it.",
    ),
    passes(
        ELECTED,
        "a record of earlier",
        asked(says(**EARLIER)),
        f"a record in {REGISTRY}",
        "It was elected at version 63,000 of the registry, which is what was asked; it may have been un-elected since.",
    ),
    fails(
        ELECTED,
        "a record, and an election of another image",
        asked(says(), proposes(electing.payload(release_package_sha256_hex="cd" * 32))),
        f"{WITNESS}: {'cd' * 32}",
        "The registry and the proposal that is said to have elected the version name different images.",
        expected=IMAGE,
    ),
    warns(
        ELECTED,
        "a record, and an election of another version",
        asked(says(), ELECTS_ANOTHER),
        f"a record in {REGISTRY}; {WITNESS} elected {electing.OLDER}",
        f"The NNS elected it, but not by the proposal that was named. {ANOTHER}",
    ),
    warns(
        ELECTED,
        "a record, and an election that was rejected",
        asked(says(), proposes(status=2)),
        f"a record in {REGISTRY}; {WITNESS}: Rejected",
        f"The NNS elected it, but not by the proposal that was named. {DID_NOT} it was not executed.",
    ),
    warns(
        ELECTED,
        "a record, and a proposal that does not exist",
        asked(says(), lambda: electing.decided(NULL)),
        f"a record in {REGISTRY}; a proposal: null",
        f"The NNS elected it, but not by the proposal that was named. {DID_NOT} Governance says that there is no such "
        "proposal; the answer is signed by the root key that was given, which is not mainnet's.",
    ),
)

WITNESSED = (
    passes(
        ELECTED,
        "no record any more, and its election",
        asked(says(ABSENT), proposes()),
        f"no record in {REGISTRY}; elected by {WITNESS}",
        UNELECTED,
    ),
    warns(
        ELECTED,
        "its election alone",
        asked(None, proposes()),
        f"Whether it is elected now was not asked; elected by {WITNESS}",
        NOT_KNOWN,
    ),
    warns(
        ELECTED,
        "its election, and a registry that does not answer",
        asked(None, proposes(), unheard="The registry's answer could not be had: no host answers."),
        f"The registry's answer could not be had: no host answers; elected by {WITNESS}",
        NOT_KNOWN,
    ),
    warns(
        ELECTED,
        "its election, and a record that nobody can read",
        asked(says(UNREADABLE), proposes()),
        f"{UNKNOWN_LAYOUT}; elected by {WITNESS}",
        NOT_KNOWN,
    ),
    warns(
        ELECTED,
        "its election, and no record of earlier",
        asked(says(ABSENT, **EARLIER), proposes()),
        f"{NOT_NOW}; elected by {WITNESS}",
        NOT_KNOWN,
    ),
    fails(
        ELECTED,
        "an election that was rejected",
        asked(says(ABSENT), proposes(status=2)),
        f"{WITNESS}: Rejected",
        f"{DID_NOT} it was not executed.",
    ),
    fails(
        ELECTED,
        "a call of another function",
        asked(None, proposes(function=39)),
        f"{WITNESS}: function 39",
        f"{DID_NOT} The proposal calls another function of the NNS than the one that elects GuestOS versions.",
    ),
    fails(
        ELECTED,
        "an election that is open, which is enough to vote",
        asked(says(ABSENT), proposes(status=1, verified={"stage": "vote"})),
        f"{WITNESS}: Open",
        f"{DID_NOT} it was not executed.",
    ),
    fails(
        ELECTED,
        "an election of another version",
        asked(says(ABSENT), ELECTS_ANOTHER),
        f"{WITNESS} elected {electing.OLDER}",
        ANOTHER,
        expected=COMMIT,
    ),
    fails(
        ELECTED,
        "an election of a version that stands before it",
        asked(says(ABSENT), proposes(electing.payload(replica_version_to_elect="0" * 40))),
        f"{WITNESS} elected {'0' * 40}",
        ANOTHER,
        expected=COMMIT,
    ),
)


def catalogue(as_of="2026-05-28T20:26:40Z", *, complete=True, since: int | None = 120_000) -> CatalogueWord:
    return CatalogueWord(complete, 61, as_of, since)


HELD = "61 election proposals from proposal 120000 on, as of"
NONE_ELECTED = (
    "None of these proposals elected this version: nobody who votes has seen what the proposal blesses."
)


def told(held: str, lacking: str) -> str:
    return (
        f"The registry certifies that this version is not elected now, and the catalogue ({held}) knows no election of "
        f"it but {lacking}: run `auditkit catalogue update`, or name the proposal that elected it (election_source: "
        "proposal:NUMBER)."
    )


NOT_RECORDED = (
    skips(
        ELECTED,
        "no record, and no catalogue",
        asked(says(ABSENT)),
        "The registry certifies that this version is not elected now. Releases are un-elected routinely, so that it "
        "may have been: name the proposal that elected it (election_source: proposal:NUMBER), or a catalogue of "
        "elections (election_source: catalogue).",
    ),
    skips(
        ELECTED,
        "no record, and a catalogue with gaps",
        asked(says(ABSENT), None, catalogue(complete=False)),
        told(f"{HELD} 2026-05-28T20:26:40Z", "is not complete"),
    ),
    skips(
        ELECTED,
        "no record, and a catalogue without any list",
        asked(says(ABSENT), None, catalogue("", complete=False, since=None)),
        told("61 election proposals, as of an unknown time", "is not complete"),
    ),
    skips(
        ELECTED,
        "no record, and a catalogue of more than a day before",
        asked(says(ABSENT), None, catalogue("2026-05-27T20:26:39Z")),
        told(f"{HELD} 2026-05-27T20:26:39Z", "is older than that answer"),
    ),
    skips(
        ELECTED,
        "no record, and a catalogue of an unknown time",
        asked(says(ABSENT), None, catalogue("")),
        told(f"{HELD} an unknown time", "is older than that answer"),
    ),
    skips(
        ELECTED,
        "no record, and a catalogue of a time in no zone",
        asked(says(ABSENT), None, catalogue("2026-05-28T20:26:40")),
        told(f"{HELD} 2026-05-28T20:26:40", "is older than that answer"),
    ),
    fails(
        ELECTED,
        "no record, and none in a catalogue of a day before",
        asked(says(ABSENT), None, catalogue("2026-05-27T20:26:40Z")),
        f"no record in {REGISTRY}; none in the catalogue ({HELD} 2026-05-27T20:26:40Z)",
        NONE_ELECTED,
    ),
    fails(
        ELECTED,
        "no record, and none in a later catalogue",
        asked(says(ABSENT), None, catalogue("2027-01-01T00:00:00Z", since=None)),
        f"no record in {REGISTRY}; none in the catalogue (61 election proposals, as of 2027-01-01T00:00:00Z)",
        NONE_ELECTED,
    ),
    skips(
        ELECTED,
        "no record of earlier, and none in the catalogue",
        asked(says(ABSENT, **EARLIER), None, catalogue()),
        f"{NOT_NOW}.",
    ),
    skips(ELECTED, "a record that nobody can read", asked(says(UNREADABLE)), f"{UNKNOWN_LAYOUT}."),
    fails(
        ELECTED,
        "a record of another version, beside its election",
        asked(says(value(record(more=blob(10, "f" * 40)))), proposes()),
        f"the record is about another version than its key (expected {COMMIT}, found {'f' * 40})",
        "The registry's answer cannot be relied on: The answer is not sound, whatever it says.",
    ),
)


def release(*bytes_: int, image: str = IMAGE):
    """The release of a record with these measurements."""
    inside = b"".join(blob(1, measurement(digest(byte))) for byte in bytes_)
    content = blob(6, image) + blob(10, COMMIT) + (blob(9, inside) if bytes_ else b"")
    found = decide_elected(COMMIT, registry(value(content)), None, None, NAMES).release
    if found is None:
        raise ValueError("the registry elected nothing")
    return found


def proposed_release(content: bytes | None = None):
    """The release of an election by a certified proposal, with a measurement of 48 times ``m``."""
    return decide_elected(COMMIT, None, proposal(content), None, NAMES).release


DIGEST, MEASURES, BLESSED = checks.ELECTION_DIGEST, checks.ELECTION_MEASUREMENTS, checks.ELECTION_BLESSED
WITHOUT = "The NNS elected this release without launch measurements, so there are none to compare with."
WHOLE = "One list holds the other whole: image and record are about one release, and one of them about more CPU types."
OTHER_SETTINGS = (
    "The image was measured in other settings than those of releases, so that the lists cannot be equal."
)


def measures(computed, *certified, release_matrix=True):
    return lambda: decide_certified_measurements(
        [setting(byte) for byte in computed], release(*certified), NAMES, release_matrix=release_matrix
    )


def blesses(entries, *certified, computed=None):
    return lambda: decide_blessed(
        [BlessedMeasurement(digest(byte), None, None) for byte in entries],
        release(*certified),
        computed and [setting(byte) for byte in computed],
        NAMES,
    )


AGREEMENT = (
    passes(
        DIGEST,
        "the one of the record",
        lambda: decide_certified_digest(IMAGE, release(image=IMAGE.upper()), NAMES),
        IMAGE,
        f"It is the image that the NNS elected, says {REGISTRY}.",
    ),
    passes(
        DIGEST,
        "the one of the election",
        lambda: decide_certified_digest(IMAGE, proposed_release(), NAMES),
        IMAGE,
        f"It is the image that the NNS elected, says {WITNESS}.",
    ),
    fails(
        DIGEST,
        "another",
        lambda: decide_certified_digest("cd" * 32, release(), NAMES),
        "cd" * 32,
        f"The image is not the one that the NNS elected under this version: {REGISTRY} names another.",
        expected=IMAGE,
    ),
    passes(
        MEASURES,
        "the same, in another order",
        measures((2, 1), 1, 2),
        "all 2 equal",
        f"The image measures to what the NNS elected, says {REGISTRY}.",
    ),
    passes(
        MEASURES,
        "that of the election",
        lambda: decide_certified_measurements(
            [setting(ord("m"))], proposed_release(), NAMES, release_matrix=True
        ),
        "all 1 equal",
        f"The image measures to what the NNS elected, says {WITNESS}.",
    ),
    warns(
        MEASURES,
        "none certified by an election",
        lambda: decide_certified_measurements(
            [setting(1)],
            proposed_release(electing.payload(guest_launch_measurements=None)),
            NAMES,
            release_matrix=True,
        ),
        "1 computed, none certified",
        WITHOUT,
        Qualification.NO_CERTIFIED_MEASUREMENTS,
    ),
    warns(
        MEASURES,
        "none certified",
        measures((1, 2)),
        "2 computed, none certified",
        WITHOUT,
        Qualification.NO_CERTIFIED_MEASUREMENTS,
    ),
    warns(
        MEASURES,
        "of other settings",
        measures((3, 4, 5), 1, 3, release_matrix=False),
        "1 in common, 1 only certified, 2 only computed",
        OTHER_SETTINGS,
    ),
    warns(
        MEASURES,
        "one only certified",
        measures((1,), 1, 2),
        "1 in common, 1 only certified, 0 only computed",
        WHOLE,
    ),
    warns(
        MEASURES,
        "one only computed",
        measures((1, 2), 1),
        "1 in common, 0 only certified, 1 only computed",
        WHOLE,
    ),
    fails(
        MEASURES,
        "one in common, and one more of each",
        measures((1, 2), 1, 3),
        "1 in common, 1 only certified, 1 only computed",
        "The image does not measure to what the NNS elected: either the record or the image is wrong.",
    ),
    warns(
        BLESSED,
        "none certified",
        blesses((1,)),
        "1 blessed, none certified",
        WITHOUT,
        Qualification.NO_CERTIFIED_MEASUREMENTS,
    ),
    passes(
        BLESSED,
        "all",
        blesses((2,), 1, 2),
        "all 1 blessed measurements are certified",
        f"Each belongs to release {COMMIT[:12]}, says {REGISTRY}.",
    ),
    warns(
        BLESSED,
        "one of two is only computed from the image",
        blesses((1, 2), 1, computed=(1, 2, 3)),
        f"1 of 2 are not, the first being {'02' * 48}",
        "The record does not list them, but the image that the NNS elected measures to them.",
    ),
    warns(
        BLESSED,
        "the only one is only computed from the image",
        blesses((2,), 1, computed=(1, 2)),
        f"1 of 1 are not, the first being {'02' * 48}",
        "The record does not list them, but the image that the NNS elected measures to them.",
    ),
    fails(
        BLESSED,
        "none, and no image was read",
        blesses((9, 8), 1),
        f"2 of 2 are not, the first being {'09' * 48}",
        f"The proposal blesses nothing of what the NNS elected as release {COMMIT[:12]}.",
    ),
    skips(
        BLESSED,
        "one of two, and no image was read",
        blesses((1, 9), 1),
        f"1 of 2 are not, the first being {'09' * 48}. Only the image can tell whether they are its own: audit again "
        "with depth: image.",
    ),
    fails(
        BLESSED,
        "one of three is neither certified nor computed",
        blesses((1, 2, 9), 1, computed=(1, 2)),
        f"2 of 3 are not, the first being {'02' * 48}",
        f"The proposal blesses something that is not release {COMMIT[:12]} as the NNS elected it.",
    ),
)

CASES = (*ANSWERS, *resting_on(NAMES, *RECORDED, *WITNESSED, *NOT_RECORDED, *AGREEMENT))
