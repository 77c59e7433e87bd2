"""`evidence/replay.yaml`: what a replay needs besides the evidence files.

The files in ``evidence/`` are everything that the checks read, but for the images, which are too large to keep. What
the audit found out about them stands here instead, with where each file came from and what could not be had: values
such as digests, names and dm-verity roots, never what was decided. A replay believes these values and decides
everything anew.

A record is of version 2 when it holds what version 1 cannot: a recovery image, or an image that carries more than a
release does. Version 1 told of a recovery image what had been decided, which a replay must not believe, so that such a
record is refused.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from auditkit.audit import CatalogueWord, ServedImage, Trouble
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence
from auditkit.guestos import BootFiles, GuestImage, TreeSnapshot, VerityRoot
from auditkit.ic.registry import ChipsInRegistry
from auditkit.numbers import Count
from auditkit.opening import regular_file
from auditkit.pipeline.parameters.flat_yaml import load_yaml
from auditkit.pipeline.records.trees import TreesRecord
from auditkit.pipeline.records.unkept import Refusal
from auditkit.report import RECORD_NAME, FileRecord, ParameterValue, PolicyIds, Sha256, first_fault

RECORD_V1: Final = "auditkit/replay/v1"
RECORD_V2: Final = "auditkit/replay/v2"
RECORD_BYTES: Final = 1024 * 1024  # half of it for the two boot trees of an audit with a recovery image
_COMMENT: Final = """\
# Repeat this audit from the files beside this one, with the network off:  auditkit check replay.yaml
#
# Recomputed from the files: everything about the certificate and the proposal, the kernel command lines, the launch
# measurements and the comparison. Taken from this record: what stands below under "image", since an image of several
# hundred megabytes is not kept. Whoever has the image can check that part with `auditkit verity-hash`, `sha256sum` and
# `auditkit measure`.
"""
_RECOVERY_COMMENT: Final = """\
#
# The recovery image is not kept either. What was found in it stands below under "recovery": the entries of both boot
# trees, and its dm-verity root. `auditkit compare-images` and `auditkit verity-hash` tell the same of the image itself.
"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class UnkeptRecord(FileRecord):
    """A file that is not in the folder, because it does not have the form that its name promises.

    Attributes:
        refusal: the words of the failed check of that form; None when the check was not reached.
    """

    refusal: Refusal | None


class ProposalRecord(_Part):
    """What happened when the proposal was asked for, unless it simply came.

    Attributes:
        refused: the check that the answer failed before there was a certificate to keep; None otherwise.
    """

    refused: Decision | None = None
    trouble: tuple[Trouble, ...] = ()


class ImageFacts(_Part):
    """What a reading of the base image found out; a replay takes this on trust.

    Attributes:
        origin: where the image came from.
        file_name: how SHA256SUMS beside it calls it.
        version_text: VERSION.TXT of the update image.
        boot_version_text: version.txt of the boot file system.
        has_checksums: whether the boot file system has metadata checksums; they were then right.
        entries: names in the boot file system.
        verity: dm-verity root of root.img; None for a bare boot partition.
        has_overlay: whether the update image carries an overlay.raw.
        data_behind_boot: whether boot.img holds anything behind its file system.
    """

    origin: str
    file_name: str
    sha256: Sha256
    size: Count
    version_text: str | None
    boot_version_text: str | None
    has_checksums: bool
    entries: Count
    verity: VerityRoot | None
    has_overlay: bool = False
    data_behind_boot: bool = False

    @classmethod
    def of(cls, image: GuestImage, *, origin: str, file_name: str) -> Self:
        """What a reading found out."""
        return cls(
            origin=origin,
            file_name=file_name,
            sha256=image.sha256,
            size=image.size,
            version_text=image.version_text,
            boot_version_text=image.boot.version_text,
            has_checksums=image.has_checksums,
            entries=image.entries,
            verity=image.verity,
            has_overlay=image.has_overlay,
            data_behind_boot=image.data_behind_boot,
        )

    def image(
        self, boot: BootFiles, *, tree: TreeSnapshot | None = None, alternative_proposal: bytes | None = None
    ) -> GuestImage:
        """The image as it was read, with its boot files and what else was kept of it."""
        return GuestImage(
            sha256=self.sha256,
            size=self.size,
            version_text=self.version_text,
            verity=self.verity,
            boot=boot,
            has_overlay=self.has_overlay,
            data_behind_boot=self.data_behind_boot,
            has_checksums=self.has_checksums,
            entries=self.entries,
            tree=tree,
            alternative_proposal=alternative_proposal,
        )

    @property
    def is_odd(self) -> bool:
        """Whether the image carries more than a release does."""
        return self.has_overlay or self.data_behind_boot


class ImageRecord(_Part):
    """What happened with the base image.

    Attributes:
        version: 40 hex digits, also when the parameters say ``auto``; None when it was not found out.
        facts: None when there is no readable image with the right digest.
        wrong_digest: SHA-256 of a download that is not the published file.
        file_name: how SHA256SUMS beside the image calls it.
        published_missing: why there is no list of measurements from the release; empty when there is one.
        sums_missing: why there is no SHA256SUMS among the evidence; empty when there is one.
        unknown_member: the name of a file in the update image that no release holds, as a Python literal.
        served: of an election, what the addresses gave that were asked.
    """

    version: str | None = None
    facts: ImageFacts | None = None
    wrong_digest: str = ""
    file_name: str = ""
    published_missing: str = ""
    sums_missing: str = ""
    unknown_member: str = ""
    served: tuple[ServedImage, ...] = ()
    trouble: tuple[Trouble, ...] = ()


class RecoveryRecord(_Part):
    """What a reading of the recovery image found out, which is too large to keep.

    Its measured files are in the evidence: under the names of the base's where they are the same, by the digests in
    ``trees``, and else under names of their own.

    Attributes:
        facts, trees: None when the image could not be had or read.
        unknown_member: the name of a file in the image that no release holds, as a Python literal.
    """

    facts: ImageFacts | None = None
    trees: TreesRecord | None = None
    unknown_member: str = ""
    trouble: tuple[Trouble, ...] = ()


class ElectionRecord(_Part):
    """What happened when it was asked whether the release is elected.

    Attributes:
        version: 40 hex digits; None when it was not found out.
        catalogue: what a catalogue knew, which is too large to keep; None when none was asked, or when it had the
            election.
        unheard: why the registry's answer is not among the evidence, where another answer is.
    """

    version: str | None = None
    catalogue: CatalogueWord | None = None
    unheard: str = ""
    trouble: tuple[Trouble, ...] = ()


class ChipsRecord(_Part):
    """What happened when it was asked whose the chips are.

    Attributes:
        registry: what a synced registry said, which is too large to keep; None where single nodes were asked about,
            whose answers are in the evidence.
    """

    registry: ChipsInRegistry | None = None
    trouble: tuple[Trouble, ...] = ()

    @field_validator("registry")
    @classmethod
    def _of_a_synced_one(cls, value: ChipsInRegistry | None) -> ChipsInRegistry | None:
        if value is not None and (value.source != "registry" or value.as_of is None):
            raise ValueError("it is not what a synced registry said at some time")
        return value


class ProvenanceRecord(_Part):
    """What happened when it was asked who built the release.

    Attributes:
        attestations: how many there were, of which the evidence holds the one that the decisions are about.
        whole: whether these were all that there are, as GitHub lists them, and not a file that the parameters name.
        sums_missing: why there is no SHA256SUMS that could be asked about; empty when there is one.
    """

    attestations: Count = 0
    whole: bool = True
    sums_missing: str = ""
    trouble: tuple[Trouble, ...] = ()


class RootsRecord(_Part):
    """What happened when the root file systems were compared.

    Attributes:
        missing: why they were not; empty where the evidence holds the comparison.
    """

    missing: str = ""


class ReplayRecord(_Part):
    """All of `replay.yaml`. Records of version 1, without what came later, are read too."""

    replay: Literal["auditkit/replay/v1", "auditkit/replay/v2"] = RECORD_V2
    parameters: dict[str, ParameterValue]
    policies: PolicyIds = PolicyIds()
    proposal: ProposalRecord
    election: ElectionRecord | None = None
    image: ImageRecord | None
    recovery: RecoveryRecord | None = None
    chips: ChipsRecord | None = None
    provenance: ProvenanceRecord | None = None
    roots: RootsRecord | None = None
    files: tuple[FileRecord, ...]
    unkept: tuple[UnkeptRecord, ...] = ()


def require_same_image(what: str, path: Path, read: GuestImage, facts: ImageFacts) -> None:
    """Makes sure that an image that was given to a replay is the one of the record.

    Raises:
        EvidenceError: it is another one.
    """
    if (read.sha256, read.size) != (facts.sha256, facts.size):
        raise EvidenceError(
            f"the {what} that was given is not the one that was audited",
            where=path.name,
            expected=f"{facts.size} bytes with SHA-256 {facts.sha256}",
            observed=f"{read.size} bytes with SHA-256 {read.sha256}",
        )


def render_record(record: ReplayRecord) -> Evidence:
    """`replay.yaml` as evidence. Equal records give equal bytes."""
    values = record.model_dump(mode="json")
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1 << 30)
    comment = _COMMENT + (_RECOVERY_COMMENT if record.recovery is not None else "")
    return Evidence.of_bytes(RECORD_NAME, (comment + text).encode(), "written by auditkit")


def parse_record(data: bytes, where: str) -> ReplayRecord:
    """The record in the bytes of a `replay.yaml`.

    Raises:
        EvidenceError: it is not such a record.
    """
    if len(data) > RECORD_BYTES:
        raise EvidenceError(
            "the replay record is too large", where=where, expected=f"at most {RECORD_BYTES} bytes"
        )
    try:
        values = load_yaml(data, where)
        if (
            isinstance(values, dict)
            and values.get("replay") == RECORD_V1
            and values.get("recovery") is not None
        ):
            raise EvidenceError(
                "the record has an older form, which holds what was decided about the recovery image and not what was"
                " found, so this audit cannot be repeated",
                where=where,
                hint="audit the recovery image again",
            )
        return ReplayRecord.model_validate_json(json.dumps(values))
    except ParameterError as error:
        raise EvidenceError(error.what, where=where) from None
    except ValidationError as error:
        place, fault = first_fault(error)
        raise EvidenceError(
            f"the replay record does not have the form that auditkit writes: {place}: {fault}",
            where=where,
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise EvidenceError(f"the replay record cannot be understood: {error}"[:300], where=where) from None


def record_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the values in a `replay.yaml`."""
    body = ReplayRecord.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:auditkit:replay:v2",
        **body,
        "properties": {**body["properties"], "replay": {"const": RECORD_V2}},
        "title": "auditkit replay record, version 2",
    }


def is_record(path: Path) -> bool:
    """Whether the file is meant as a replay record and not as parameters; False for what is no file."""
    try:
        with regular_file(path) as file:
            return re.search(rb"^replay:", file.read(RECORD_BYTES), re.MULTILINE) is not None
    except (OSError, SourceError):
        return False
