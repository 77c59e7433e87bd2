"""The checks, numbered, in their one order. Reports, documentation and tests use these ids.

1-14 are about the certified proposal (docs/certificates.md), 15-17 about what it says, 18-22 about the base
release, 23-24 about the computed measurements, 25-28 about the comparison, 29-34 about a recovery image and 35-42
about an attestation report, where they are given. 43-45 and 54 are about what the parameters chose. 46-47 are about a
record of the registry, 49-53 about the election of the base release (docs/elections.md). An audit of an election
proposal asks 48 in the place of 14, 55-58 about what the proposal says, 59-63 about image, measurements and record, and
not 15-17 and 25-34.
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
    "a valid BLS signature, according to two libraries",
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

RECOVERY_TREE: Final = Check(
    29,
    "recovery.tree",
    "Is the recovery boot tree the base's tree with the proposal added, and nothing else?",
    "every name, type and content of the base, and /alternative_guestos_proposal.cbor",
)
RECOVERY_METADATA: Final = Check(
    30,
    "recovery.metadata",
    "Do the files of the recovery boot tree have the modes, owners and labels of the base's?",
    "the same mode, owner and attributes",
)
RECOVERY_PROPOSAL: Final = Check(
    31,
    "recovery.proposal",
    "Is the proposal inside the recovery image the one that is audited?",
    "a valid certificate of the same proposal",
)
RECOVERY_MEASUREMENTS: Final = Check(
    32,
    "recovery.measurements",
    "Does the recovery image measure to what the base release measures to, and is that blessed?",
    "the measurements of the base release, some of them blessed",
)
RECOVERY_ROOT_HASH: Final = Check(
    33,
    "recovery.root-hash",
    "Is the recovery root file system the one that the NNS blessed?",
    "the dm-verity root of its root.img equals rootfs_hash",
)
RECOVERY_VERSION: Final = Check(
    34,
    "recovery.version",
    "Which version does the recovery image say it is?",
    "VERSION.TXT and version.txt",
)

ATTESTATION_REPORT: Final = Check(
    35,
    "attestation.report",
    "Is the file an SEV-SNP attestation report?",
    "1184 bytes of version 2, 3, 4 or 5, asked for by the guest at VMPL 0",
)
ATTESTATION_CHAIN: Final = Check(
    36,
    "attestation.chain",
    "Does AMD vouch for the key that signed the report?",
    "valid certificates from the chip's key to AMD's root key",
)
ATTESTATION_SIGNATURE: Final = Check(
    37,
    "attestation.signature",
    "Did that key sign exactly this report?",
    "a valid ECDSA P-384 signature over the report",
)
ATTESTATION_CHIP_KEY: Final = Check(
    38,
    "attestation.chip-key",
    "Is it the key of the report's chip and firmware?",
    "the chip id, the processor family and the firmware version of the certificate",
)
ATTESTATION_CHIP: Final = Check(
    39, "attestation.chip", "Is the chip one of those that the proposal names?", "a chip id of the proposal"
)
ATTESTATION_MEASUREMENT: Final = Check(
    40,
    "attestation.measurement",
    "Does the guest run what the proposal blesses?",
    "a blessed launch measurement",
)
ATTESTATION_POLICY: Final = Check(
    41,
    "attestation.policy",
    "Is the guest closed to its host?",
    "a guest policy without debugging and without migration",
)
ATTESTATION_VERSION: Final = Check(
    42,
    "attestation.version",
    "Does the GuestOS itself accept reports of this version?",
    "version 3 or later, which names the processor",
)

SETTINGS_ROOT_KEY: Final = Check(
    43,
    "settings.root-key",
    "Is the trusted root key that of mainnet's NNS?",
    "the root key of mainnet, which is built in",
)
SETTINGS_POLICY: Final = Check(
    44,
    "settings.policy",
    "Does the policy demand everything?",
    "policy strict",
)
SETTINGS_MATRIX: Final = Check(
    45,
    "settings.matrix",
    "Was the release measured in the settings that releases are started with?",
    "the release matrix, and dfinity.tee=1 on every measured command line",
)

REGISTRY_REQUEST: Final = Check(
    46,
    "registry.request",
    "Is it the answer to our question, asked of the registry canister?",
    "one replied request whose id is that of the stored request",
)
REGISTRY_REPLY: Final = Check(
    47,
    "registry.reply",
    "What does the registry say about the record?",
    "the record that was asked for",
)
ELECTION_STAGE: Final = Check(
    48,
    "election.stage",
    "Does the proposal elect a GuestOS version, and does its status fit the stage?",
    "an election of a GuestOS version in a fitting status",
)
ELECTION_ANSWER: Final = Check(
    49,
    "election.answer",
    "Is the answer about the election of the base version certified by the NNS?",
    "a certified answer with its request",
)
ELECTION_ELECTED: Final = Check(
    50,
    "election.elected",
    "Is the base version elected by the NNS?",
    "a record of the version in the registry, or an executed proposal that elected it",
)
ELECTION_DIGEST: Final = Check(
    51,
    "election.digest",
    "Does the base image have the certified digest?",
    "the SHA-256 that the NNS elected",
)
ELECTION_MEASUREMENTS: Final = Check(
    52,
    "election.measurements",
    "Do the computed measurements equal the certified ones?",
    "the measurements that the NNS elected, no more and no fewer",
)
ELECTION_BLESSED: Final = Check(
    53,
    "election.blessed",
    "Are the blessed measurements among the certified ones?",
    "every blessed measurement in the record of the base version",
)

SETTINGS_DEPTH: Final = Check(
    54,
    "settings.depth",
    "Was the base image read and measured?",
    "depth image",
)

ELECTION_VERSION: Final = Check(
    55,
    "election.version",
    "Does the proposal name a GuestOS version?",
    "40 hex digits, a commit of dfinity/ic",
)
ELECTION_DIGEST_GIVEN: Final = Check(
    56,
    "election.digest-given",
    "Does the proposal give the digest of the image?",
    "64 hex digits",
)
ELECTION_URLS: Final = Check(
    57,
    "election.urls",
    "Does the proposal say where the image is?",
    "at least one https address, each once, each of this version",
)
ELECTION_MEASUREMENTS_GIVEN: Final = Check(
    58,
    "election.measurements-given",
    "Does the proposal give launch measurements?",
    "at least one, each of 48 bytes, of no other release",
)
ELECTION_IMAGE: Final = Check(
    59,
    "election.image",
    "Is the image at the proposal's addresses the one that it names?",
    "the digest of the proposal at every address that was asked",
)
ELECTION_EXPLAINED: Final = Check(
    60,
    "election.explained",
    "Is every measurement of the proposal one of the image?",
    "every measurement of the proposal computed from the image",
)
ELECTION_LABELS: Final = Check(
    61,
    "election.labels",
    "Do the proposal's labels describe the measurements they stand beside?",
    "no label that contradicts the computed setting",
)
ELECTION_COVERAGE: Final = Check(
    62,
    "election.coverage",
    "Does the proposal hold every measurement of the image?",
    "every computed measurement in the proposal",
)
ELECTION_RECORD: Final = Check(
    63,
    "election.record",
    "Does the registry's record say the same as the proposal?",
    "the digest and the measurements of the proposal",
)

ROOT_VERITY: Final = Check(
    1,
    "root.verity",
    "Does root.img have a dm-verity tree as dfinity's build makes it?",
    "a superblock with dfinity's constants, and the tree of these blocks",
)
"""The one check of ``auditkit verity-hash``, which is about an image alone; no check of an audit."""

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
REGISTRY_CHECKS: Final = (*CERTIFICATE_CHECKS, REGISTRY_REQUEST, REGISTRY_REPLY)
ELECTION_CHECKS: Final = (*CERTIFICATE_CHECKS, REPLY_REQUEST, PROPOSAL_REPLY, ELECTION_STAGE)
CONTENT_CHECKS: Final = (PROPOSAL_CHIP_IDS, PROPOSAL_ROOTFS_HASH, PROPOSAL_MEASUREMENTS)
BASE_CHECKS: Final = (BASE_DIGEST, BASE_VERSION, BASE_FILE_SYSTEM, BASE_BOOT_ARGS, BASE_ROOT_HASH)
MEASUREMENT_CHECKS: Final = (MEASUREMENT_SECOND_OPINION, MEASUREMENT_PUBLISHED)
OVERLAP_CHECKS: Final = (OVERLAP_ANY, OVERLAP_EXPLAINED, OVERLAP_LABELS, OVERLAP_COVERAGE)
RECOVERY_CHECKS: Final = (
    RECOVERY_TREE,
    RECOVERY_METADATA,
    RECOVERY_PROPOSAL,
    RECOVERY_MEASUREMENTS,
    RECOVERY_ROOT_HASH,
    RECOVERY_VERSION,
)
ATTESTATION_CHECKS: Final = (
    ATTESTATION_REPORT,
    ATTESTATION_CHAIN,
    ATTESTATION_SIGNATURE,
    ATTESTATION_CHIP_KEY,
    ATTESTATION_CHIP,
    ATTESTATION_MEASUREMENT,
    ATTESTATION_POLICY,
    ATTESTATION_VERSION,
)
SETTINGS_CHECKS: Final = (SETTINGS_ROOT_KEY, SETTINGS_POLICY, SETTINGS_MATRIX, SETTINGS_DEPTH)
ELECTED_CHECKS: Final = (
    ELECTION_ANSWER,
    ELECTION_ELECTED,
    ELECTION_DIGEST,
    ELECTION_MEASUREMENTS,
    ELECTION_BLESSED,
)
ELECTION_CONTENT_CHECKS: Final = (
    ELECTION_VERSION,
    ELECTION_DIGEST_GIVEN,
    ELECTION_URLS,
    ELECTION_MEASUREMENTS_GIVEN,
)
ELECTION_OVERLAP_CHECKS: Final = (ELECTION_EXPLAINED, ELECTION_LABELS, ELECTION_COVERAGE)
RECOVERY_AUDIT_CHECKS: Final = (
    *PROPOSAL_CHECKS,
    *CONTENT_CHECKS,
    *BASE_CHECKS,
    *MEASUREMENT_CHECKS,
    *OVERLAP_CHECKS,
    *RECOVERY_CHECKS,
    *ATTESTATION_CHECKS,
    SETTINGS_ROOT_KEY,
    SETTINGS_POLICY,
    SETTINGS_MATRIX,
    *ELECTED_CHECKS,
    SETTINGS_DEPTH,
)
"""Those of an audit of a recovery proposal, in their order."""
ELECTION_AUDIT_CHECKS: Final = (
    *PROPOSAL_CHECKS[:-1],
    *BASE_CHECKS,
    *MEASUREMENT_CHECKS,
    SETTINGS_ROOT_KEY,
    SETTINGS_POLICY,
    SETTINGS_MATRIX,
    ELECTION_STAGE,
    SETTINGS_DEPTH,
    *ELECTION_CONTENT_CHECKS,
    ELECTION_IMAGE,
    *ELECTION_OVERLAP_CHECKS,
    ELECTION_RECORD,
)
"""Those of an audit of an election proposal, in their order."""
ALL_CHECKS: Final = tuple(
    sorted({*RECOVERY_AUDIT_CHECKS, *ELECTION_AUDIT_CHECKS}, key=lambda check: check.number)
)
