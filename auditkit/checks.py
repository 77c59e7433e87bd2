"""The checks, numbered, in their one order. Reports, documentation and tests use these ids.

1-14 are about the certified proposal (docs/certificates.md), 15-17 about what it says, 18-22 about the base
release, 23-24 about the computed measurements, 25-28 about the comparison.
"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

CERTIFICATE_FORM: Final = Check(
    1,
    "certificate.form",
    "Is the file an Internet Computer certificate and nothing else?",
    "strict CBOR: a map of tree, signature and at most one delegation",
)
CERTIFICATE_NODES: Final = Check(
    2,
    "certificate.nodes",
    "Does every node of the hash tree have an exact shape?",
    "five node shapes, no others",
)
CERTIFICATE_TREE: Final = Check(
    3,
    "certificate.tree",
    "Can every path in the tree be read in one way only?",
    "strictly increasing labels, no stray leaf",
)
CERTIFICATE_ROOT_HASH: Final = Check(
    4, "certificate.root-hash", "Does the tree hash to a state root?", "a 32-byte root hash"
)
CERTIFICATE_SIGNATURE: Final = Check(
    5,
    "certificate.signature",
    "Did the subnet sign exactly this tree?",
    "a valid BLS signature, by the opinion of two libraries",
)
CERTIFICATE_KEYS: Final = Check(
    6,
    "certificate.keys",
    "Are the keys encoded as Internet Computer keys?",
    "133 bytes of DER with the fixed prefix",
)
DELEGATION_DEPTH: Final = Check(
    7,
    "delegation.depth",
    "Does the NNS delegate directly to the subnet?",
    "no delegation inside a delegation",
)
DELEGATION_SIGNATURE: Final = Check(
    8, "delegation.signature", "Did the NNS sign the delegation?", "a valid BLS signature under the root key"
)
DELEGATION_RANGES: Final = Check(
    9,
    "delegation.ranges",
    "May this subnet speak for this canister?",
    "canister ranges that hold the canister",
)
DELEGATION_SUBNET_KEY: Final = Check(
    10,
    "delegation.subnet-key",
    "Does the NNS name the key of that subnet?",
    "the key at /subnet/<id>/public_key",
)
CERTIFICATE_TIME: Final = Check(
    11, "certificate.time", "When was it signed?", "a time that is not in the future"
)
REPLY_REQUEST: Final = Check(
    12,
    "reply.request",
    "Is it the answer to our question, asked of the governance canister?",
    "one replied request whose id is that of the stored request",
)
PROPOSAL_REPLY: Final = Check(
    13,
    "proposal.reply",
    "Does the answer hold the proposal that was asked for?",
    "the proposal with the wanted id",
)
PROPOSAL_STAGE: Final = Check(
    14,
    "proposal.stage",
    "Does the proposal bless an alternative GuestOS, and does its status fit the stage?",
    "action BlessAlternativeGuestOsVersion in a fitting status",
)

PROPOSAL_CHIP_IDS: Final = Check(
    15, "proposal.chip-ids", "Does the proposal name whole chips?", "at least one chip id, each of 64 bytes"
)
PROPOSAL_ROOTFS_HASH: Final = Check(
    16, "proposal.rootfs-hash", "Is the recovery root hash a dm-verity root hash?", "64 hex digits"
)
PROPOSAL_MEASUREMENTS: Final = Check(
    17,
    "proposal.measurements",
    "Does the proposal bless well-formed measurements?",
    "at least one, each of 48 bytes",
)

BASE_DIGEST: Final = Check(
    18,
    "base.digest",
    "Is the base image the one that was published?",
    "the SHA-256 that was pinned or published",
)
BASE_VERSION: Final = Check(
    19,
    "base.version",
    "Does the base image say it is the version asked for?",
    "version.txt names the base version",
)
BASE_FILE_SYSTEM: Final = Check(
    20,
    "base.file-system",
    "Is the boot file system undamaged?",
    "every metadata checksum that was read is right",
)
BASE_BOOT_ARGS: Final = Check(
    21,
    "base.boot-args",
    "Do the build and the host read the same kernel command lines?",
    "both grammars agree on every line of boot_args",
)
BASE_ROOT_HASH: Final = Check(
    22,
    "base.root-hash",
    "Is the base root file system the one its command lines name?",
    "the dm-verity root of root.img equals root_hash= in boot_args",
)

MEASUREMENT_SECOND_OPINION: Final = Check(
    23,
    "measurement.second-opinion",
    "Does a second, independent program compute the same measurements?",
    "sev-snp-measure agrees on every setting",
)
MEASUREMENT_PUBLISHED: Final = Check(
    24,
    "measurement.published",
    "Did the release publish the measurements that we compute?",
    "launch-measurements.json of the release equals ours",
)

OVERLAP_ANY: Final = Check(
    25,
    "overlap.any",
    "Is at least one blessed measurement one of the base release?",
    "at least one equal measurement (dfinity's own gate)",
)
OVERLAP_EXPLAINED: Final = Check(
    26,
    "overlap.explained",
    "Is every blessed measurement one of the base release?",
    "every blessed measurement computed from the base release",
)
OVERLAP_LABELS: Final = Check(
    27,
    "overlap.labels",
    "Do the proposal's labels describe the measurements they stand beside?",
    "no label that contradicts the computed setting",
)
OVERLAP_COVERAGE: Final = Check(
    28,
    "overlap.coverage",
    "Is every setting of the base release blessed?",
    "every computed measurement blessed",
)

CERTIFICATE_CHECKS: Final = (
    CERTIFICATE_FORM,
    CERTIFICATE_NODES,
    CERTIFICATE_TREE,
    CERTIFICATE_ROOT_HASH,
    CERTIFICATE_SIGNATURE,
    CERTIFICATE_KEYS,
    DELEGATION_DEPTH,
    DELEGATION_SIGNATURE,
    DELEGATION_RANGES,
    DELEGATION_SUBNET_KEY,
    CERTIFICATE_TIME,
)
PROPOSAL_CHECKS: Final = (*CERTIFICATE_CHECKS, REPLY_REQUEST, PROPOSAL_REPLY, PROPOSAL_STAGE)
CONTENT_CHECKS: Final = (PROPOSAL_CHIP_IDS, PROPOSAL_ROOTFS_HASH, PROPOSAL_MEASUREMENTS)
BASE_CHECKS: Final = (BASE_DIGEST, BASE_VERSION, BASE_FILE_SYSTEM, BASE_BOOT_ARGS, BASE_ROOT_HASH)
MEASUREMENT_CHECKS: Final = (MEASUREMENT_SECOND_OPINION, MEASUREMENT_PUBLISHED)
OVERLAP_CHECKS: Final = (OVERLAP_ANY, OVERLAP_EXPLAINED, OVERLAP_LABELS, OVERLAP_COVERAGE)
ALL_CHECKS: Final = (
    *PROPOSAL_CHECKS,
    *CONTENT_CHECKS,
    *BASE_CHECKS,
    *MEASUREMENT_CHECKS,
    *OVERLAP_CHECKS,
)
