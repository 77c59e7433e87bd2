"""The documents of commands that verify files, and the one that every command prints on trouble."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditkit.audit import Relation
from auditkit.cli.documents.document import AnswerDocument, PrintedDocument, Size, TroubleFound
from auditkit.guestos.tree import Difference
from auditkit.numbers import ProposalNumber
from auditkit.report import BuildRecord, Commit, Hex, Nat64, Part, Sha256


class TroubleDocument(PrintedDocument):
    """What any command prints with ``--json`` when it ends with 2 before it has an answer."""

    schema_id: Literal["auditkit/trouble/v1"] = Field(default="auditkit/trouble/v1", alias="schema")
    verdict: Literal["TROUBLE"] = "TROUBLE"
    error: TroubleFound


class VerifyCertificate(AnswerDocument):
    """``auditkit verify-certificate --json``."""

    schema_id: Literal["auditkit/verify-certificate/v1"] = Field(
        default="auditkit/verify-certificate/v1", alias="schema"
    )


class VerifyProposal(AnswerDocument):
    """``auditkit verify-proposal --json``: also what was asked about."""

    schema_id: Literal["auditkit/verify-proposal/v1"] = Field(
        default="auditkit/verify-proposal/v1", alias="schema"
    )
    proposal_id: ProposalNumber
    stage: Literal["vote", "recover"]


class RegistryMeasurement(Part):
    """A launch measurement in a record; null where the record writes nothing beside it."""

    measurement: Hex
    kernel_cmdline: str | None
    vcpu_type: str | None


class ElectedGuestos(Part):
    """What the record of an elected GuestOS version says: its proposer's words."""

    version: str
    sha256: str | None
    urls: tuple[str, ...]
    measurements: tuple[RegistryMeasurement, ...]


class RegistryRecord(Part):
    """What the registry certifies about a record.

    Attributes:
        present: false where it certifies that there is none.
        registry_version: of the registry, that wrote the record, or at which there is none.
        asked_version: that the call asked for; null for the newest.
        timestamp_ns: when the record was written, nanoseconds since 1970; null where the answer does not say.
        bytes, sha256: of the record; null where there is none.
        guestos: what it says, where it is the record of a GuestOS version.
    """

    present: bool
    registry_version: Nat64
    asked_version: Nat64 | None
    timestamp_ns: Nat64 | None
    bytes: Size | None
    sha256: Sha256 | None
    guestos: ElectedGuestos | None


class VerifyRegistry(AnswerDocument):
    """``auditkit verify-registry --json``. ``answer`` is null where the answer is not authentic."""

    schema_id: Literal["auditkit/verify-registry/v1"] = Field(
        default="auditkit/verify-registry/v1", alias="schema"
    )
    record: str
    answer: RegistryRecord | None


class AttestationFacts(Part):
    """What an attestation report states; bytes in hex."""

    version: int
    measurement: Hex
    chip_id: Hex
    processor: str
    report_data: Hex
    host_data: Hex
    id_key_digest: Hex
    author_key_digest: Hex
    guest_policy: str
    vmpl: int
    signing_key: str


class VerifyAttestation(AnswerDocument):
    """``auditkit verify-attestation --json``. ``attestation`` is null where the report cannot be read."""

    schema_id: Literal["auditkit/verify-attestation/v1"] = Field(
        default="auditkit/verify-attestation/v1", alias="schema"
    )
    attestation: AttestationFacts | None


class VerifyProvenance(AnswerDocument):
    """``auditkit verify-provenance --json``. ``provenance`` is null where there is no genuine attestation."""

    schema_id: Literal["auditkit/verify-provenance/v1"] = Field(
        default="auditkit/verify-provenance/v1", alias="schema"
    )
    commit: Commit
    provenance: BuildRecord | None


class PrintedLabel(Part):
    """What stands beside a measurement; null where nothing does."""

    kernel_cmdline: str | None
    vcpu_type: str | None


class PrintedOverlap(Part):
    """One measurement, and on which side it was found; a side is null where it was not."""

    relation: Relation
    measurement: Hex
    blessed: PrintedLabel | None
    computed: PrintedLabel | None
    explanation: str | None


class OverlapDocument(AnswerDocument):
    """``auditkit overlap --json``."""

    schema_id: Literal["auditkit/overlap/v1"] = Field(default="auditkit/overlap/v1", alias="schema")
    overlap: tuple[PrintedOverlap, ...]


class VerityHash(AnswerDocument):
    """``auditkit verity-hash --json``: the root hash, and what the superblock of the image says."""

    schema_id: Literal["auditkit/verity-hash/v1"] = Field(default="auditkit/verity-hash/v1", alias="schema")
    root_hash: Sha256
    salt: str
    uuid: str
    algorithm: str
    hash_type: Size
    data_block_size: Size
    hash_block_size: Size
    data_blocks: Size
    hash_offset: Size
    file_system_size: Size | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


class CompareImages(AnswerDocument):
    """``auditkit compare-images --json``: every path on which the two boot trees differ."""

    schema_id: Literal["auditkit/compare-images/v1"] = Field(
        default="auditkit/compare-images/v1", alias="schema"
    )
    differences: tuple[Difference, ...]
