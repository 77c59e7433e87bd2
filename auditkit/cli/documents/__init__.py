"""What commands print with ``--json``, as types: the published schemas are made from them (docs/schemas).

Names are in snake case, numbers of 64 bits are decimal digits in a text, bytes are lower-case hex, times are RFC 3339
in UTC. What there is not is null; a field is never left out. Two commands print documents that are files as well:
``check`` prints an `audit.json`, ``batch`` a `batch.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from auditkit.cli.documents.answers import (
    CompareImages,
    OverlapDocument,
    TroubleDocument,
    VerifyAttestation,
    VerifyCertificate,
    VerifyProposal,
    VerifyProvenance,
    VerifyRegistry,
    VerityHash,
)
from auditkit.cli.documents.catalogue import CatalogueFind, CatalogueList
from auditkit.cli.documents.check_trouble import check_trouble_schema
from auditkit.cli.documents.document import AnswerDocument, PrintedDocument, TroubleFound, schema_of, to_text
from auditkit.cli.documents.practice import PracticeList, PracticeShow
from auditkit.cli.documents.registry import (
    RegistryChip,
    RegistryDocument,
    RegistryShow,
    RegistrySync,
    RegistryVerify,
)
from auditkit.cli.documents.reports import (
    DiffDocument,
    StatusDocument,
    VerifyBuild,
    VerifyReport,
)
from auditkit.cli.documents.roots import CompareRoots

DOCUMENTS: Final[Mapping[str, type[PrintedDocument]]] = MappingProxyType(
    {
        "catalogue find": CatalogueFind,
        "catalogue list": CatalogueList,
        "compare-images": CompareImages,
        "compare-roots": CompareRoots,
        "diff": DiffDocument,
        "overlap": OverlapDocument,
        "practice list": PracticeList,
        "practice show": PracticeShow,
        "registry chip": RegistryChip,
        "registry show": RegistryShow,
        "registry sync": RegistrySync,
        "registry verify": RegistryVerify,
        "status": StatusDocument,
        "verify-attestation": VerifyAttestation,
        "verify-certificate": VerifyCertificate,
        "verify-proposal": VerifyProposal,
        "verify-provenance": VerifyProvenance,
        "verify-registry": VerifyRegistry,
        "verify-report": VerifyReport,
        "verify-report --statement": VerifyBuild,
        "verity-hash": VerityHash,
    }
)
"""The kind of document that each command prints, by the command's name, and the option that makes it another."""


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas of all kinds, by the names of their files; of those that are files of a report, see there."""
    found = {}
    kinds: tuple[type[PrintedDocument], ...] = (TroubleDocument, *DOCUMENTS.values())
    for kind in kinds:
        made = schema_of(kind)
        _, _, name, version = made["$id"].split(":")
        found[f"{name}-{version}.json"] = made
    found["check-trouble-v1.json"] = check_trouble_schema()
    return dict(sorted(found.items()))


__all__ = [
    "DOCUMENTS",
    "AnswerDocument",
    "CatalogueFind",
    "CatalogueList",
    "CompareImages",
    "CompareRoots",
    "DiffDocument",
    "OverlapDocument",
    "PracticeList",
    "PracticeShow",
    "PrintedDocument",
    "RegistryChip",
    "RegistryDocument",
    "RegistryShow",
    "RegistrySync",
    "RegistryVerify",
    "StatusDocument",
    "TroubleDocument",
    "TroubleFound",
    "VerifyAttestation",
    "VerifyBuild",
    "VerifyCertificate",
    "VerifyProposal",
    "VerifyProvenance",
    "VerifyRegistry",
    "VerifyReport",
    "VerityHash",
    "schemas",
    "to_text",
]
