"""Checks 15 to 17: what the proposal itself must look like."""

from __future__ import annotations

from audit.outcomes.case import fails, passes, resting_on, warns

from auditkit import checks
from auditkit.audit import decide_content
from auditkit.ic import BlessAlternativeGuestOsVersion, BlessedMeasurement
from auditkit.sev import KnownRelease, PublishedMeasurement

CHIP = b"\x01" * 64
ENTRY = BlessedMeasurement(b"\x02" * 48, None, None)
KNOWN = KnownRelease(
    "d" * 40,
    "production",
    "by hand",
    (PublishedMeasurement(b"\x03" * 48, f"root=/dev/vda5 root_hash={'ab' * 32}", None),),
)


def content(chips=(CHIP,), root="ab" * 32, entries=(ENTRY,)):
    return lambda: decide_content(BlessAlternativeGuestOsVersion(chips, root, entries), ("proposal.cbor",))


OTHER_LENGTH = "A chip id of another length names no AMD processor."
MASKED = (
    "Zeros are what every processor with a masked chip id reports, so this names no processor and lets any of those "
    "in."
)
NO_ROOT = "No recovery root file system can have this root hash, so the recovery cannot work as proposed."
NO_DIGEST = "A SEV-SNP launch measurement is a SHA-384 digest of 48 bytes; nothing else can ever match."

CHIP_IDS, ROOTFS_HASH = checks.PROPOSAL_CHIP_IDS, checks.PROPOSAL_ROOTFS_HASH
MEASUREMENTS = checks.PROPOSAL_MEASUREMENTS

CASES = resting_on(
    ("proposal.cbor",),
    passes(CHIP_IDS, "one chip", content(), "1 chip ids", "Each names one AMD processor."),
    fails(CHIP_IDS, "no chip", content(chips=()), "no chip id", "A proposal without chips recovers no node."),
    fails(
        CHIP_IDS,
        "one of two is a byte short",
        content(chips=(CHIP, CHIP[1:])),
        "1 of 2 chip ids have another length, the first has 63 bytes",
        OTHER_LENGTH,
    ),
    fails(
        CHIP_IDS,
        "one of two is masked",
        content(chips=(CHIP, bytes(64))),
        "1 of 2 is 64 zero bytes",
        MASKED,
    ),
    fails(
        CHIP_IDS,
        "both are masked",
        content(chips=(bytes(64), bytes(64))),
        "2 of 2 are 64 zero bytes",
        MASKED,
    ),
    warns(
        CHIP_IDS,
        "one chip twice",
        content(chips=(CHIP, CHIP)),
        "2 chip ids, 1 different",
        "A chip is named more than once; that is allowed and changes nothing.",
    ),
    passes(
        ROOTFS_HASH,
        "64 digits",
        content(root="aB" * 32),
        "aB" * 32,
        "It has the form of a dm-verity SHA-256 root hash.",
    ),
    passes(
        ROOTFS_HASH,
        "the root of a known release, in upper case",
        lambda: decide_content(
            BlessAlternativeGuestOsVersion((CHIP,), "AB" * 32, (ENTRY,)),
            ("proposal.cbor",),
            more_releases=(KNOWN,),
        ),
        "AB" * 32,
        "It has the form of a dm-verity SHA-256 root hash. It is that of the production build of release "
        f"{'d' * 40}, by its own kernel command line.",
    ),
    fails(
        ROOTFS_HASH,
        "63 digits",
        content(root="a" * 63),
        f"'{'a' * 63}' (63 characters)",
        NO_ROOT,
    ),
    fails(
        ROOTFS_HASH,
        "81 digits",
        content(root="a" * 81),
        f"'{'a' * 80}' (81 characters)",
        NO_ROOT,
    ),
    fails(ROOTFS_HASH, "none", content(root=""), "no root hash (0 characters)", NO_ROOT),
    passes(
        MEASUREMENTS,
        "one measurement",
        content(),
        "1 measurements",
        "Each is a SHA-384 digest.",
    ),
    fails(
        MEASUREMENTS,
        "none",
        content(entries=()),
        "no measurement",
        "A proposal that blesses nothing recovers nothing.",
    ),
    fails(
        MEASUREMENTS,
        "one of two is a byte long",
        content(entries=(ENTRY, BlessedMeasurement(b"\x02" * 49, None, None))),
        "1 of 2 measurements have another length, the first has 49 bytes",
        NO_DIGEST,
    ),
    warns(
        MEASUREMENTS,
        "one twice",
        content(entries=(ENTRY, ENTRY)),
        "2 measurements, 1 different",
        "A measurement is listed more than once; that changes nothing.",
    ),
)
