"""The documents of ``auditkit registry``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditkit.audit import Verdict
from auditkit.cli.documents.answers import ElectedGuestos
from auditkit.cli.documents.document import PrintedDocument, Size, TroubleFound
from auditkit.decision import Qualification
from auditkit.ic.registry import ChipsInRegistry
from auditkit.numbers import Count
from auditkit.report import Hex, Nat64, Part, Sha256


class CertifyingAnswer(Part):
    """The certified answer that a record, or its removal, stands in; it was verified.

    Attributes:
        first, last: the versions of the registry that it holds.
        signed_ns: when it was signed, nanoseconds since 1970.
    """

    first: Nat64
    last: Nat64
    signed_ns: Nat64


class RegistryDocument(PrintedDocument):
    """What ``auditkit registry sync --json`` and ``auditkit registry verify --json`` have in common.

    Attributes:
        verdict: PASS, or FAIL where something did not verify.
        qualifications: what keeps the verdict from meaning all that the word alone means: another root key.
        refused: what did not; null unless the verdict is FAIL, and then all that follows is null.
        answers: certified answers, those that were fetched now or all that were verified.
        bytes: of these answers.
        last_version: the last version of the registry that the folder holds, with all before it.
        complete: whether that is the newest one as of ``as_of_ns``.
        as_of_ns: when the last certificate was signed that says that ``last_version`` is the newest, nanoseconds since
            1970; null where none does.
    """

    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    refused: TroubleFound | None = None
    answers: Count | None = None
    bytes: Count | None = None
    last_version: Nat64 | None = None
    complete: bool | None = None
    as_of_ns: Nat64 | None = None


class RegistrySync(RegistryDocument):
    """``auditkit registry sync --json``.

    Attributes:
        versions: of the registry, that were fetched now.
    """

    schema_id: Literal["auditkit/registry-sync/v1"] = Field(
        default="auditkit/registry-sync/v1", alias="schema"
    )
    versions: Count | None = None


class RegistryVerify(RegistryDocument):
    """``auditkit registry verify --json``.

    Attributes:
        changes: of records, in all versions.
        records: that there are at the last version.
    """

    schema_id: Literal["auditkit/registry-verify/v1"] = Field(
        default="auditkit/registry-verify/v1", alias="schema"
    )
    changes: Count | None = None
    records: Count | None = None


class RegistryShow(PrintedDocument):
    """``auditkit registry show --json``.

    Attributes:
        verdict: PASS where there is such a record, FAIL where there is none at that version.
        qualifications: what keeps the verdict from meaning all that the word alone means: another root key.
        key: of the record.
        asked_version: of the registry, that was asked about.
        present: whether there is such a record at that version.
        registry_version: the version that wrote it last, or removed it; null where there never was one.
        timestamp_ns: when that was, nanoseconds since 1970; null where the registry did not keep it.
        bytes, sha256: of the record; null where there is none.
        hex: the record; null where it is decoded, where it is large, and where there is none.
        guestos: what it says, where it is the record of a GuestOS version, in a layout that is known.
        certified_by: null where there never was such a record.
        last_version: the last version that the folder holds, with all before it.
        complete: whether that is the newest one as of ``as_of_ns``.
        as_of_ns: when the last certificate was signed that says that ``last_version`` is the newest, nanoseconds since
            1970; null where none does.
    """

    schema_id: Literal["auditkit/registry-show/v1"] = Field(
        default="auditkit/registry-show/v1", alias="schema"
    )
    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    key: str
    asked_version: Nat64
    present: bool
    registry_version: Nat64 | None
    timestamp_ns: Nat64 | None
    bytes: Size | None
    sha256: Sha256 | None
    hex: Hex | None
    guestos: ElectedGuestos | None
    certified_by: CertifyingAnswer | None
    last_version: Nat64
    complete: bool
    as_of_ns: Nat64 | None


class RegistryChip(PrintedDocument):
    """``auditkit registry chip --json``.

    Attributes:
        verdict: PASS where each chip is that of a node, FAIL where one is no node's now.
        qualifications: what keeps the verdict from meaning all that the word alone means: another root key.
        verified: whether all of the folder was verified first (``--verify``); else its index was believed, which says
            where the records are, and the answer of each record that is shown was verified.
        registry: what the registry says about the chips, at the last version that the folder holds.
    """

    schema_id: Literal["auditkit/registry-chip/v1"] = Field(
        default="auditkit/registry-chip/v1", alias="schema"
    )
    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    verified: bool
    registry: ChipsInRegistry
