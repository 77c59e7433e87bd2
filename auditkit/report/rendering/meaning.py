"""What a PASS of an audit proves, and what it does not."""

from __future__ import annotations

from typing import Final

from auditkit.report.document import AuditDocument
from auditkit.report.rendering.machines import are_known
from auditkit.report.rendering.summary import foreign_root_key
from auditkit.report.rendering.tables.builder import is_built


def meaning(document: AuditDocument) -> tuple[str, ...]:
    """What a PASS of this audit proves."""
    if document.subject.kind == "election":
        return _meaning_of_election(document)
    anchor = "the mainnet root key" if foreign_root_key(document) is None else "the root key that was given"
    amount = "Every" if document.subject.policy == "strict" else "At least one"
    proven = [
        "The proposal as shown here, with its status, is what the NNS governance canister answered at the "
        f"time of the certificate. The threshold signature leads to {anchor}; two libraries checked it.",
        f"{amount} measurement that the proposal blesses is what an AMD SEV-SNP processor reports when it "
        "starts the base release. It was computed here from the release's files, not copied from any list.",
    ]
    if document.subject.policy == "strict":
        proven.append("No label beside a measurement tells voters anything other than what was measured.")
    if document.parameters.get("attestation_report") is not None:
        proven.append(
            "A processor that the proposal names, and for whose key AMD vouches, reported a blessed measurement."
        )
    if are_known(document):
        proven.append(
            "Each chip that the proposal names is that of a node of the registry, which tells whose it is."
        )
    if is_built(document):
        proven.append(_BUILT)
    return tuple(proven)


_BUILT: Final = (
    "dfinity's release workflow on GitHub built the image from the commit that is the version: GitHub named the "
    "workflow, and sigstore's public log holds its signature."
)


def _of_the_machines(document: AuditDocument) -> str:
    if are_known(document):
        return (
            "Which software runs on the machines that are named: the registry knows their processors, and not what ran "
            "on them when they registered."
        )
    return "That the chips named in the proposal belong to the nodes that somebody says they do."


def _meaning_of_election(document: AuditDocument) -> tuple[str, ...]:
    anchor = "the mainnet root key" if foreign_root_key(document) is None else "the root key that was given"
    return (
        "The proposal as shown here, with its status, is what the NNS governance canister answered at the time of the "
        f"certificate. The threshold signature leads to {anchor}; two libraries checked it.",
        "The image has exactly the digest that the proposal gives, and every measurement of the proposal is what an "
        "AMD SEV-SNP processor reports when it starts that image. It was computed here from the image's files.",
        "Nodes of every CPU type that releases are measured for can start the version.",
        *((_BUILT,) if is_built(document) else ()),
    )


def limits_of_meaning(document: AuditDocument) -> tuple[str, ...]:
    """What a PASS of this audit does not prove."""
    if document.subject.kind == "election":
        return (
            "That others who build the commit get the same image. Only a reproduction of the build shows that; it "
            "takes some hours and 100 GB."
            if is_built(document)
            else "That the image was built from the source code of the commit that it is named after. Only a "
            "reproduction of the build shows that; it takes some hours and 100 GB.",
            "That the release is free of faults or back doors. The audit compares identities; it does not review code.",
            "That AMD's processors and firmware keep their promises.",
            "That the proposal is still as it was: its status can change after the time of the certificate.",
        )
    unproven = [
        "That the base release or the recovery GuestOS is free of faults or back doors. The audit compares "
        "identities; it does not review code.",
        _of_the_machines(document),
        "That AMD's processors and firmware keep their promises.",
        "That the proposal is still as it was: its status can change after the time of the certificate.",
    ]
    if document.parameters.get("recovery_image") is None:
        unproven.insert(
            1,
            "What the recovery root file system holds. The proposal fixes it by its root hash; no recovery "
            "image was part of this audit.",
        )
    if is_built(document):
        unproven.append("That others who build the commit of the base release get the same image.")
    if document.parameters.get("attestation_report") is not None:
        unproven.append("When the chip made its report: an old one looks like a new one.")
    if document.subject.policy == "overlap":
        unproven.insert(
            0,
            "That the other blessed measurements are harmless: under the overlap policy one match is enough.",
        )
    return tuple(unproven)
