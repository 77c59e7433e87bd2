"""Checks 48 to 53 and 55 to 63: is a release elected, and is its election about its image (docs/elections.md)?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

ELECTION_STAGE: Final = Check(
    48,
    "election.stage",
    "Does the proposal elect a GuestOS version, and does its status fit the stage?",
    "an election of a GuestOS version in a fitting status",
    matters="Only such a proposal decides which releases nodes may run.",
    failure="The proposal elects no release, or it is not at the point where this audit expects it.",
    advice="Check the number. A release is elected once its proposal was executed; while it is open, "
    "`-p stage=vote` audits it for a vote.",
)
ELECTION_ANSWER: Final = Check(
    49,
    "election.answer",
    "Is the answer about the election of the base version certified by the NNS?",
    "a certified answer with its request",
    matters="Whether a release is elected is known from what the NNS signed, and from nothing else.",
    failure="What was given as the NNS's answer about the election is none.",
    advice="Ask the registry again: leave `election_source` at its default.",
    unanswered="Ask the registry: leave `election_source` at its default, or name the proposal that elected the "
    "release: `-p election_source=proposal:NUMBER`.",
)
ELECTION_ELECTED: Final = Check(
    50,
    "election.elected",
    "Is the base version elected by the NNS?",
    "a record of the version in the registry, or an executed proposal that elected it",
    matters="A base release that the NNS never elected was seen by nobody who votes: a recovery could bless "
    "anything by it.",
    failure="The NNS did not elect the base release, or what it elected contradicts itself.",
    advice="Ask the proposer which elected release the recovery starts from.",
    unanswered="Name the proposal that elected the release: `-p election_source=proposal:NUMBER`.",
)
ELECTION_DIGEST: Final = Check(
    51,
    "election.digest",
    "Does the base image have the certified digest?",
    "the SHA-256 that the NNS elected",
    matters="The NNS elects an image by its digest. Another image under the same name is another release.",
    failure="The image that was measured is not the one that the NNS elected.",
    advice="Download the image from the addresses in the registry's record, and audit again with it. If it "
    "is what the release server hands out, tell others.",
)
ELECTION_MEASUREMENTS: Final = Check(
    52,
    "election.measurements",
    "Do the computed measurements equal the certified ones?",
    "the measurements that the NNS elected, no more and no fewer",
    matters="The registry's measurements are what nodes compare with.",
    failure="The elected image does not measure to what the registry holds for it.",
    advice="Show both lists to the developers of the release: either the record or the image is wrong.",
)
ELECTION_BLESSED: Final = Check(
    53,
    "election.blessed",
    "Are the blessed measurements among the certified ones?",
    "every blessed measurement in the record of the base version",
    matters="What a recovery blesses should be what the NNS already elected.",
    failure="The proposal blesses something that the NNS did not elect as this release.",
    advice="Ask the proposer what each measurement is that the record does not hold.",
)
ELECTION_VERSION: Final = Check(
    55,
    "election.version",
    "Does the proposal name a GuestOS version?",
    "40 hex digits, a commit of dfinity/ic",
    matters="The version is the name of the commit that was built, and the key under which the registry keeps"
    " the release.",
    failure="The proposal names no version that nodes could run, or another one than you asked about.",
    advice="Ask the proposer for another proposal, with the commit's 40 hex digits.",
)
ELECTION_DIGEST_GIVEN: Final = Check(
    56,
    "election.digest-given",
    "Does the proposal give the digest of the image?",
    "64 hex digits",
    matters="The digest is what nodes check what they download against.",
    failure="No image can have this digest, so no node could be upgraded to the version.",
    advice="Ask the proposer for another proposal, with the SHA-256 of the image.",
)
ELECTION_URLS: Final = Check(
    57,
    "election.urls",
    "Does the proposal say where the image is?",
    "at least one https address, each once, each of this version",
    matters="Nodes download the image from these addresses.",
    failure="Nodes could not get the image, or an address leads somewhere other than a web server.",
    advice="Ask the proposer for another proposal, with working https addresses.",
)
ELECTION_MEASUREMENTS_GIVEN: Final = Check(
    58,
    "election.measurements-given",
    "Does the proposal give launch measurements?",
    "at least one, each of 48 bytes, of no other release",
    matters="Subnets of confidential machines compare what starts with these measurements. Once a release was"
    " elected without any, and a subnet stopped.",
    failure="Confidential machines could not run the version, or something else could run in its name.",
    advice="Ask the proposer for another proposal, with the measurements of this release's "
    "launch-measurements.json.",
)
ELECTION_IMAGE: Final = Check(
    59,
    "election.image",
    "Is the image at the proposal's addresses the one that it names?",
    "the digest of the proposal at every address that was asked",
    matters="Nodes take what lies at these addresses.",
    failure="What lies at an address of the proposal is another image than the one that it names.",
    advice="Download it again. If it fails again, tell others: the address gives out another image.",
    unanswered="None of the addresses gave the image. Try again later, or from another network.",
)
ELECTION_EXPLAINED: Final = Check(
    60,
    "election.explained",
    "Is every measurement of the proposal one of the image?",
    "every measurement of the proposal computed from the image",
    matters="A measurement that is not the image's would let something else run in the name of the release.",
    failure="The proposal holds a measurement that is not one of its image.",
    advice="Ask the proposer what each unexplained measurement is.",
)
ELECTION_LABELS: Final = Check(
    61,
    "election.labels",
    "Do the proposal's labels describe the measurements they stand beside?",
    "no label that contradicts the computed setting",
    matters="Voters and developers read the labels; nodes compare only the bytes.",
    failure="The bytes are those of the image, but their description in the proposal is wrong.",
    advice="Ask the proposer for another proposal, with right labels.",
)
ELECTION_COVERAGE: Final = Check(
    62,
    "election.coverage",
    "Does the proposal hold every measurement of the image?",
    "every computed measurement in the proposal",
    matters="Machines whose measurement is left out would not be let in, and a subnet of them would stop.",
    failure="Some machines could not run the version.",
    advice="Ask the proposer for another proposal, with every measurement of launch-measurements.json.",
)
ELECTION_RECORD: Final = Check(
    63,
    "election.record",
    "Does the registry's record say the same as the proposal?",
    "the digest and the measurements of the proposal",
    matters="After the vote nodes go by the registry, not by the proposal.",
    failure="The registry tells nodes something other than what was voted on.",
    advice="Tell others: what nodes run is not what was voted on.",
    unanswered="Ask the registry again later: what became of the proposal is not known yet.",
)
