"""`evidence/replay.yaml`: what a replay needs besides the evidence files.

The files in ``evidence/`` are everything that the checks read, but for the base image itself, which is too large to
keep. What the audit found out about it stands here instead, with where each file came from and what could not be had.
A replay believes this record about the image and recomputes everything else.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from auditkit.audit import Trouble
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence
from auditkit.guestos import VerityRoot
from auditkit.numbers import Count
from auditkit.opening import regular_file
from auditkit.pipeline.flat_yaml import load_yaml
from auditkit.pipeline.unkept import Refusal
from auditkit.report import RECORD_NAME
from auditkit.report.records import ParameterValue
from auditkit.report.strict_json import first_fault

RECORD_SCHEMA: Final = "auditkit/replay/v1"
RECORD_BYTES: Final = 256 * 1024
_COMMENT: Final = """\
# Repeat this audit from the files beside this one, with the network off:  auditkit check replay.yaml
#
# Recomputed from the files: everything about the certificate and the proposal, the kernel command lines, the launch
# measurements and the comparison. Taken from this record: what stands below under "image", since an image of several
# hundred megabytes is not kept. Whoever has the image can check that part with `auditkit verity-hash`, `sha256sum` and
# `auditkit measure`.
"""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileRecord(_Part):
    """An evidence file and where it came from."""

    name: str
    sha256: Sha256
    size: Count
    origin: str


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


class ImageRecord(_Part):
    """What happened with the base image.

    Attributes:
        version: 40 hex digits, also when the parameters say ``auto``; None when it was not found out.
        facts: None when there is no readable image with the right digest.
        wrong_digest: SHA-256 of a download that is not the published file.
        file_name: how SHA256SUMS beside the image calls it.
        published_missing: why there is no list of measurements from the release; empty when there is one.
    """

    version: str | None = None
    facts: ImageFacts | None = None
    wrong_digest: str = ""
    file_name: str = ""
    published_missing: str = ""
    trouble: tuple[Trouble, ...] = ()


class RecoveryRecord(_Part):
    """What was decided about the recovery image, which is too large to keep; a replay takes this on trust.

    Attributes:
        sha256: of the image, 64 hex digits; empty when it could not be had.
        size: of the image in bytes.
        origin: where it came from.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    sha256: str = ""
    size: Count = 0
    origin: str = ""


class ReplayRecord(_Part):
    """All of `replay.yaml`. ``unkept`` is written only where there is something in it."""

    replay: Literal["auditkit/replay/v1"] = RECORD_SCHEMA
    parameters: dict[str, ParameterValue]
    proposal: ProposalRecord
    image: ImageRecord | None
    recovery: RecoveryRecord | None = None
    files: tuple[FileRecord, ...]
    unkept: tuple[UnkeptRecord, ...] = ()


def render_record(record: ReplayRecord) -> Evidence:
    """`replay.yaml` as evidence. Equal records give equal bytes."""
    values = record.model_dump(mode="json", exclude=None if record.unkept else {"unkept"})
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1 << 30)
    return Evidence.of_bytes(RECORD_NAME, (_COMMENT + text).encode(), "written by auditkit")


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
        return ReplayRecord.model_validate_json(json.dumps(load_yaml(data, where)))
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
        "$id": "urn:auditkit:replay:v1",
        **body,
        "title": "auditkit replay record, version 1",
    }


def is_record(path: Path) -> bool:
    """Whether the file is meant as a replay record and not as parameters; False for what is no file."""
    try:
        with regular_file(path) as file:
            return re.search(rb"^replay:", file.read(RECORD_BYTES), re.MULTILINE) is not None
    except (OSError, SourceError):
        return False
