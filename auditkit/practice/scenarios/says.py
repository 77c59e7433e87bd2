"""The cases of the registry, of chips in it, and of election proposals that the practice world holds."""

from __future__ import annotations

from enum import StrEnum


class RegistrySays(StrEnum):
    """What the registry says about the version that a scenario is about."""

    ELECTED = "a record of the published release"
    CHUNKED = "a record of the published release, in chunks"
    LATER_FIELD = "a record of the published release, with fields that only later programs know"
    UNELECTED = "nothing: it was elected once, and un-elected later"
    WITHOUT_MEASUREMENTS = "a record without launch measurements, as before August 2026"
    ABSENT = "nothing: it was never elected"
    WITHOUT_REQUEST = "a record of the published release, in an answer whose request nobody kept"
    LAYOUT_UNKNOWN = "a record whose measurements are encoded in another way"
    OTHER_DIGEST = "a record with the digest of another image"
    OTHER_MEASUREMENTS = "a record with the measurements of another release"
    OTHER_KEY = "a record that says it is about another version"


class ChipsSay(StrEnum):
    """What the registry says about the two chips that a recovery names."""

    ONE_SUBNET = "that each belongs to a node, and both nodes to one subnet"
    TWO_NODES = "that one of them belongs to two nodes"
    NOBODY = "nothing of one: every node told its chip, and none ever told this one"
    NOT_TOLD = "nothing of one, and some nodes never told their chip"
    TWO_SUBNETS = "that each belongs to a node, and the nodes to different subnets"
    MOVED = "that the node of one was removed, and the chip came back under another"
    WAS_THERE = "that the node of one was removed"


class ElectionSays(StrEnum):
    """What an election proposal says about the version that it is about."""

    RIGHT = "what the published release is"
    RETIRES_OTHERS = "what the published release is, and which older versions go"
    SAME_URL_TWICE = "the same address twice"
    URL_OF_OTHER_VERSION = "beside the right address that of another version"
    NO_MEASUREMENTS = "no launch measurements"
    ONE_WRONG = "one measurement that nobody can explain instead of the right one"
    MISSING_CPU = "no measurements for one type of CPU"
    WRONG_LABEL = "the right measurements, with the command lines of A and B exchanged"
    OTHER_DIGEST = "the digest of another image"
    SHORT_DIGEST = "a digest of 63 digits"
    NO_URL = "no address"
    FILE_URL = "beside the right address one that leads into the reader's own machine"
    UNELECTS_ONLY = "only which versions go: it elects none"
    OTHER_FUNCTION = "where a version shall run, and not that it is elected"
