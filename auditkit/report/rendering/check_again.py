"""How a reader checks a report by hand."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from auditkit.decision import Qualification
from auditkit.digests import is_sha256
from auditkit.report.document import AuditDocument
from auditkit.report.records import RECORD_NAME
from auditkit.report.rendering.groups import release_name
from auditkit.report.rendering.summary import foreign_root_key


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a reader can do to check the report, with the command for it."""

    caption: str
    command: str


def steps(document: AuditDocument) -> tuple[Step, ...]:
    """What a reader who has the report folder can run to check it by hand."""
    subject = document.subject
    stored = {record.name for record in document.evidence if record.stored}
    told = (
        [
            Step(
                "Are the evidence files those that this report names?",
                "(cd evidence && sha256sum --check SHA256SUMS)",
            )
        ]
        if stored
        else []
    )
    if RECORD_NAME in stored:
        told.append(
            Step("Does every check decide the same again, offline?", f"auditkit check evidence/{RECORD_NAME}")
        )
        told.append(
            Step(
                "Who vouches for this report? (with an OpenSSH file of those whom you trust)",
                "auditkit verify-report . --allowed-signers allowed_signers",
            )
        )
    key = foreign_root_key(document)
    key_option = f" --root-key {shlex.quote(key)}" if key is not None and key.isprintable() else ""
    cited = [name for decision in document.decisions[:14] for name in decision.evidence if name in stored]
    request = next((name for name in cited if name.endswith(".request.cbor")), None)
    certificate = next((name for name in cited if name != request), None)
    if certificate and subject.proposal_id is not None and subject.kind == "recovery":
        request_option = f" --request evidence/{request}" if request else ""
        told.append(
            Step(
                "Did the NNS certify this proposal? (checks 1 to 14)",
                f"auditkit verify-proposal evidence/{certificate} --proposal-id {subject.proposal_id}"
                f" --stage {subject.stage}{request_option}{key_option}",
            )
        )
    # The practice network serves its images for the time of an audit only.
    practising = Qualification.PRACTICE_NETWORK in document.claim.qualifications
    if subject.base_version and not practising:
        told.append(
            Step(
                f"What does the {release_name(document).lower()} measure to? (download it yourself)",
                f"auditkit fetch-image {shlex.quote(subject.base_version)}{_where(document)} --out update-img.tar.zst\n"
                "auditkit measure update-img.tar.zst > launch-measurements.json",
            )
        )
        if certificate and subject.kind == "recovery":
            told.append(
                Step(
                    "Do the two agree? (checks 25 to 28)",
                    f"auditkit overlap --proposal evidence/{certificate}"
                    f" --measurements launch-measurements.json{key_option}",
                )
            )
    return tuple(told)


def _where(document: AuditDocument) -> str:
    """The options that say where the image of an election is, and what its digest has to be."""
    subject = document.subject
    urls = [url for url in subject.image_urls or () if url.startswith("https://") and url.isprintable()]
    digest = subject.image_sha256 or ""
    if not urls or not is_sha256(digest, any_case=True):
        return ""
    return f" --url {shlex.quote(urls[0])} --sha256 {digest.lower()}"
