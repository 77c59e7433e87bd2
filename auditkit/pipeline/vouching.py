"""Looking before vouching: a report, repeated from its own evidence, before it is signed or believed.

Signing and verifying know nothing of how an audit runs; here the two are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.audit import in_order
from auditkit.decision import Check, Decision, Qualification
from auditkit.errors import AuditkitError, MissingPackageError, ParameterError, SourceError
from auditkit.pipeline.replayed_audit import ReplayedAudit, replayed
from auditkit.pipeline.steps.evidence_names import CERTIFIED_ANSWERS, IMAGE, RECOVERY_IMAGE
from auditkit.progress import Progress
from auditkit.report import (
    EVIDENCE_NAME,
    RECORD_NAME,
    AuditDocument,
    Difference,
    compare_reports,
    read_report_folder,
    to_json,
)
from auditkit.times import rfc3339_of_ns
from auditkit.trust import MAINNET, trust_named


@dataclass(frozen=True, slots=True)
class Originals:
    """What a replay reads again, in place of what the record says of it.

    Attributes:
        base: the base image; None takes the boot files from ``evidence/``, and the rest from the record.
        recovery: the recovery image, alike.
        registry: a folder with the synced registry; None takes from the record what it said about the chips.
    """

    base: Path | None = None
    recovery: Path | None = None
    registry: Path | None = None


_NOTHING = Originals()


@dataclass(frozen=True, slots=True)
class Preview:
    """What somebody should see before they sign.

    Attributes:
        document: what `audit.json` says.
        document_sha256: of the bytes of `audit.json`, 64 hex digits.
        repeated: check 10 of `auditkit verify-report`.
    """

    document: AuditDocument
    document_sha256: str
    repeated: Decision

    @property
    def holds_an_answer(self) -> bool:
        """Whether anything is among the evidence that the Internet Computer was asked for and answered."""
        return any(item.name in CERTIFIED_ANSWERS for item in self.document.evidence)


def look_before_signing(folder: Path, progress: Progress | None = None) -> Preview:
    """Reads a report and repeats its audit from its evidence.

    Raises:
        SourceError: there is no finished report.
        EvidenceError: `audit.json` is malformed or contradicts itself.
    """
    report = read_report_folder(folder)
    repeated = repeat_audit(report.document, folder / EVIDENCE_NAME, progress=progress)
    return Preview(report.document, sha256(report.document_bytes).hexdigest(), repeated)


def repeat_audit(
    told: AuditDocument,
    evidence: Path,
    *,
    originals: Originals = _NOTHING,
    progress: Progress | None = None,
) -> Decision:
    """Check 10 of `auditkit verify-report`: does the audit, repeated from the stored evidence, decide the same?

    Times are judged as of the end of the audit. What ``originals`` does not name is not read; the decision carries the
    qualification ``image-not-read`` then, or ``registry-not-read``. Where the record's word stands for an answer that
    was not kept, and decided something, it is ``answers-not-kept``.

    Raises:
        SourceError, EvidenceError: the synced registry that ``originals`` names is none, older, or damaged, which says
            nothing about the report.
        ParameterError: the report asked no synced registry.
    """
    from auditkit.signing import report_checks  # noqa: PLC0415  (an audit itself needs no signatures)

    check = report_checks.REPLAY
    if not told.run.is_consistent:
        return check.failed(
            f"from {told.run.started} to {told.run.finished} in {told.run.seconds} seconds",
            "The times of the run contradict each other, so the time of the judgement is unknown.",
        )
    if originals.registry is not None:
        _require_registry(originals.registry, told)
    try:
        audit = replayed(
            evidence,
            progress,
            moment=told.run.judged,
            base_image=originals.base,
            recovery_image=originals.recovery,
            registry=originals.registry,
        )
    except MissingPackageError:
        raise  # it says nothing about the evidence
    except AuditkitError as error:
        return check.failed(str(error), "The audit cannot be repeated from this evidence.")
    document, unread = audit.document, unread_in(audit, originals)
    differences = compare_reports(told, document)
    same_but_run = document.model_copy(update={"run": told.run})
    if not differences and to_json(same_but_run) == to_json(told):
        return _the_same(check, document, unread)
    if not differences:
        return check.failed("the same things in another order", "The same evidence leads to another report.")
    same_tool = document.tool.version == told.tool.version
    wrong = [item for item in differences if not _follows_from_the_version(item, same_tool)]
    if wrong:
        return check.failed(_listed(wrong), "The same evidence leads to another report.")
    if same_tool and to_json(same_but_run.model_copy(update={"tool": told.tool})) != to_json(told):
        return check.failed(f"more than {_listed(differences)}", "The same evidence leads to another report.")
    listed = _listed(differences)
    if same_tool:
        return check.warned(
            listed,
            "The decisions are the same; other versions of the programs made them.",
            qualifications=unread,
        )
    more = tuple(item for item in document.claim.qualifications if item not in told.claim.qualifications)
    return check.warned(
        listed,
        "What both versions of auditkit decide is the same; the words are those of the version that made the report, "
        "and were not compared.",
        qualifications=in_order((*unread, Qualification.OTHER_VERSION, *more)),
    )


def _require_registry(folder: Path, told: AuditDocument) -> None:
    from auditkit.evidence.registry_sync import open_registry  # noqa: PLC0415  (few have one)

    if told.chips is None or told.chips.source != "registry":
        raise ParameterError(
            "the report says nothing that a synced registry told, so none can be compared",
            where=str(folder),
            hint="leave out --registry",
        )
    chips = told.chips
    with open_registry(
        folder, trust_named(str(told.parameters.get("root_key", MAINNET.name))).root_key
    ) as registry:
        standing = registry.standing
        signed = rfc3339_of_ns(standing.as_of_ns)
        if standing.version < chips.version or signed is None or signed < (chips.as_of or ""):
            raise SourceError(
                "this registry is older than the one that the report was made with",
                where=str(folder),
                hint=f"run `auditkit registry sync {folder.name}`",
                expected=f"version {chips.version:,} as of {chips.as_of}",
                observed=f"version {standing.version:,} as of {signed or 'an unknown time, since a sync was ended'}",
            )


def _listed(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{item.part} {item.name}" for item in differences[:5])


def _follows_from_the_version(difference: Difference, same_tool: bool) -> bool:
    """Whether another version of auditkit, or of a library, explains it: it may ask more, and say it in other words.

    What was decided, about what, from which evidence and with which measurements is never explained by that.
    """
    if difference.part == "tool":
        return True
    if same_tool:
        return False
    if difference.part == "decision" and difference.name.endswith(")"):  # a field of a decision made alike
        return not difference.name.endswith("(evidence)")
    if difference.part in {"chips", "provenance", "roots"} and difference.told[0] is not None:
        return False
    if difference.part in {"decision", "parameter"}:
        return difference.told[0] is None
    if difference.part == "evidence":
        return difference.name == RECORD_NAME
    return (difference.part, difference.name) in {("verdict", "qualifications")} or (
        difference.part == "explanation"
    )


def _the_same(check: Check, document: AuditDocument, unread: tuple[Qualification, ...]) -> Decision:
    observed = f"{document.verdict}, {len(document.decisions)} decisions"
    if unread:
        return check.warned(
            observed,
            " ".join(("The stored evidence leads to this report.", *(_TAKEN[item] for item in unread))),
            qualifications=unread,
        )
    return check.passed(observed, "The evidence leads to this report, and the images are those audited.")


_TAKEN: Final = {
    Qualification.IMAGE_NOT_READ: "The image itself was not read: that the boot files are those of the image is taken "
    "from the record, unless the images are given.",
    Qualification.REGISTRY_NOT_READ: "The registry itself was not read: what it says about the chips is taken from the "
    "record, unless a synced folder is given.",
    Qualification.ANSWERS_NOT_KEPT: "What addresses, a catalogue, the registry or a list of attestations answered is "
    "taken from the record where no answer was kept: an audit of your own asks them again.",
}


def unread_in(audit: ReplayedAudit, originals: Originals = _NOTHING) -> tuple[Qualification, ...]:
    """What a replay took from the record because nobody gave it, the images and the registry, or nobody can."""
    document = audit.document
    absent = {record.name for record in document.evidence if not record.stored}
    given = {
        name
        for name, path in ((IMAGE, originals.base), (RECOVERY_IMAGE, originals.recovery))
        if path is not None
    }
    synced = document.chips is not None and document.chips.source == "registry"
    return (
        *((Qualification.IMAGE_NOT_READ,) if absent - given or audit.refuses_an_image else ()),
        *((Qualification.REGISTRY_NOT_READ,) if synced and originals.registry is None else ()),
        *((Qualification.ANSWERS_NOT_KEPT,) if audit.believes_the_record else ()),
    )
