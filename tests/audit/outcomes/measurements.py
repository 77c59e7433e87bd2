"""Checks 23 to 28: whether others measure the same, and how in the proposal and computed measurements compare."""

from __future__ import annotations

from audit.outcomes.case import fails, passes, resting_on, skips, warns

from auditkit import checks
from auditkit.audit import compare, decide_overlap, decide_published, decide_second_opinion
from auditkit.ic import BlessedMeasurement
from auditkit.sev import (
    Disagreement,
    LaunchMeasurement,
    MeasurementInputs,
    PublishedMeasurement,
    SecondOpinion,
)

NAMES = ("launch-measurements.json",)
INPUTS = MeasurementInputs("00" * 32, "11" * 32, "22" * 32, 0xA10F10)


def digest(byte: int) -> bytes:
    return bytes([byte]) * 48


def setting(byte: int, vcpu_type="EPYC-Genoa", boot_args="BOOT_ARGS_TEE_A") -> LaunchMeasurement:
    return LaunchMeasurement(
        measurement=digest(byte),
        kernel_cmdline=f"line of {boot_args}",
        boot_args=boot_args,
        vcpu_type=vcpu_type,
        vcpus=64,
        guest_features=1,
        kernel_hashes=True,
        inputs=INPUTS,
    )


def blessed(byte: int, cmdline: str | None = "line of BOOT_ARGS_TEE_A", vcpu_type: str | None = "EPYC-Genoa"):
    return BlessedMeasurement(digest(byte), cmdline, vcpu_type)


def opinion(*disagreements):
    return lambda: decide_second_opinion(SecondOpinion("sev-snp-measure", "0.0.13", 6, disagreements), NAMES)


def published(*bytes_: int, computed=(1, 2), contradiction=""):
    listed = tuple(PublishedMeasurement(digest(byte), None, None) for byte in bytes_)
    ours = tuple(setting(byte) for byte in computed)
    return lambda: decide_published(listed, ours, "", NAMES, contradiction=contradiction)


def not_published(contradiction=""):
    return lambda: decide_published(
        None, (setting(1),), "The release has no list.", NAMES, contradiction=contradiction
    )


BASE = (setting(1),)


def overlap(entries, settings=BASE, explanations=()):
    return lambda: decide_overlap(compare(entries, settings, dict(explanations)), NAMES)


SECOND, PUBLISHED = checks.MEASUREMENT_SECOND_OPINION, checks.MEASUREMENT_PUBLISHED
DISAGREE = "Two programs measure the same files differently, so neither result can be relied on."
OTHER_SETTINGS = "The release published other measurements than those of the settings audited here."

OTHERS = (
    passes(
        SECOND,
        "agrees",
        opinion(),
        "sev-snp-measure 0.0.13 agrees on all 6",
        "Two programs that share no code measure the same.",
    ),
    fails(
        SECOND,
        "measures two differently",
        opinion(Disagreement(setting(1), digest(9)), Disagreement(setting(2), digest(8))),
        "sev-snp-measure 0.0.13 disagrees on 2 of 6; EPYC-Genoa, 64 vCPUs, BOOT_ARGS_TEE_A: " + "09" * 48,
        DISAGREE,
        expected="01" * 48,
    ),
    fails(
        SECOND,
        "refuses to measure one",
        opinion(Disagreement(setting(1), None, "no such CPU")),
        "sev-snp-measure 0.0.13 disagrees on 1 of 6; EPYC-Genoa, 64 vCPUs, BOOT_ARGS_TEE_A: no such CPU",
        DISAGREE,
        expected="01" * 48,
    ),
    passes(
        PUBLISHED,
        "the same, in another order",
        published(2, 1),
        "all 2 equal",
        "The release published what its files measure to.",
    ),
    warns(
        PUBLISHED,
        "one in common, two only published, one only computed",
        published(1, 3, 4),
        "1 in common, 2 only published, 1 only computed",
        OTHER_SETTINGS,
    ),
    warns(
        PUBLISHED,
        "the same, but one of them twice",
        published(1, 2, 2),
        "2 in common, 0 only published, 0 only computed",
        OTHER_SETTINGS,
    ),
    skips(PUBLISHED, "no list", not_published(), "The release has no list."),
    warns(
        PUBLISHED,
        "an equal list that the known releases contradict",
        published(1, 2, contradiction="They are another's."),
        "2 computed, a list of 2 beside the image",
        "They are another's.",
    ),
    warns(
        PUBLISHED,
        "no list, and the known releases contradict",
        not_published("They are another's."),
        "1 computed, no list beside the image",
        "They are another's.",
    ),
)

NONE_SHARED = "No blessed measurement is one of the base release in its release matrix."
NOBODY_KNOWS = " Nobody can say what they are: no setting that was tried and no known release produces them."
NOBODY_KNOWS_ONE = (
    "Nobody can say what this measurement is: no setting that was tried and no known release produces it."
)
NOT_THE_BASE = "The proposal blesses a guest that is not the base release in its release matrix."
WRONG_LABEL = "A label tells voters something that the measurement is not:"

ANY = (
    passes(
        checks.OVERLAP_ANY,
        "one of two",
        overlap([blessed(1), blessed(9)]),
        "1 of 2 blessed measurements are computed",
        "The proposal and the base release have measurements in common.",
    ),
    fails(
        checks.OVERLAP_ANY,
        "none, and nobody knows what they are",
        overlap([blessed(9)]),
        "0 of 1 blessed measurements are computed",
        NONE_SHARED + NOBODY_KNOWS,
    ),
    fails(
        checks.OVERLAP_ANY,
        "none, and each can be explained",
        overlap([blessed(9)], explanations=[(digest(9), "This is 16 vCPUs.")]),
        "0 of 1 blessed measurements are computed",
        f"{NONE_SHARED} Each can be explained, the first like this: This is 16 vCPUs.",
    ),
    fails(
        checks.OVERLAP_ANY,
        "none, and one of two can be explained",
        overlap([blessed(8), blessed(9)], explanations=[(digest(9), "This is 16 vCPUs.")]),
        "0 of 2 blessed measurements are computed",
        f"{NONE_SHARED} 1 of 2 can be explained, the first like this: This is 16 vCPUs.",
    ),
)

EXPLAINED = (
    passes(
        checks.OVERLAP_EXPLAINED,
        "all are computed",
        overlap([blessed(1)]),
        "all 1 blessed measurements are computed",
        "The NNS blesses nothing but settings of the base release.",
    ),
    fails(
        checks.OVERLAP_EXPLAINED,
        "two of three are not, and nobody knows the first",
        overlap([blessed(1), blessed(9), blessed(8)], explanations=[(digest(8), "This is 16 vCPUs.")]),
        f"2 of 3 blessed measurements are not computed, the first being {'09' * 48}",
        f"{NOT_THE_BASE} {NOBODY_KNOWS_ONE}",
    ),
    fails(
        checks.OVERLAP_EXPLAINED,
        "one is a setting outside the matrix",
        overlap([blessed(8)], explanations=[(digest(8), "This is 16 vCPUs.")]),
        f"1 of 1 blessed measurements are not computed, the first being {'08' * 48}",
        f"{NOT_THE_BASE} This is 16 vCPUs.",
    ),
)

LABELS = (
    passes(
        checks.OVERLAP_LABELS,
        "right",
        overlap([blessed(1), blessed(9)]),
        "all 1 labels are right",
        "Each label names the CPU type and the command line that were measured.",
    ),
    warns(
        checks.OVERLAP_LABELS,
        "nothing in common",
        overlap([blessed(9)]),
        "no measurement in common",
        "There is no label to compare.",
    ),
    fails(
        checks.OVERLAP_LABELS,
        "both labels of one of two are wrong",
        overlap([blessed(2), blessed(1, "x", "EPYC-Turin")], [setting(1), setting(2)]),
        f"1 of 2 labels are wrong, the first beside {'01' * 48}",
        f"{WRONG_LABEL} it says 'EPYC-Turin', the measurement is that of EPYC-Genoa; its kernel command line is not "
        "that of BOOT_ARGS_TEE_A.",
    ),
    fails(
        checks.OVERLAP_LABELS,
        "the labels contradict those of a list",
        overlap(
            [blessed(1, "x", "EPYC-Turin")], [PublishedMeasurement(digest(1), "line of BOOT_ARGS_TEE_A", "")]
        ),
        f"1 of 1 labels are wrong, the first beside {'01' * 48}",
        f"{WRONG_LABEL} it says 'EPYC-Turin', the measurement is that of no CPU type; its kernel command line is not "
        "that of the setting that was measured.",
    ),
    warns(
        checks.OVERLAP_LABELS,
        "one of two is absent",
        overlap([blessed(2), blessed(1, None, None)], [setting(1), setting(2)]),
        "1 of 2 lack kernel_cmdline and vcpu_type",
        "Some labels are absent; those that are there are right.",
    ),
    warns(
        checks.OVERLAP_LABELS,
        "no CPU type",
        overlap([blessed(1, vcpu_type=None)]),
        "1 of 1 lack vcpu_type",
        "Some labels are absent; those that are there are right.",
    ),
)

COVERAGE = (
    passes(
        checks.OVERLAP_COVERAGE,
        "all are blessed",
        overlap([blessed(1), blessed(9)]),
        "every computed setting is blessed",
        "Every CPU type of the release can be recovered.",
    ),
    warns(
        checks.OVERLAP_COVERAGE,
        "two of three are not blessed",
        overlap([blessed(1)], [setting(1), setting(2), setting(3)]),
        "2 computed settings are not blessed",
        "Nodes of those settings cannot be recovered with this proposal; nothing unsafe is blessed.",
    ),
)

CASES = resting_on(NAMES, *OTHERS, *ANY, *EXPLAINED, *LABELS, *COVERAGE)
