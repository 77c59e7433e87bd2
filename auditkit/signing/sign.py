"""Signing: two more lines in the bundle, or none."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path

from auditkit.atomic import write_atomically
from auditkit.decision import Outcome, Qualification
from auditkit.errors import SigningError, in_words
from auditkit.report import SIGNATURES_NAME, ReportFolder, only_writer, read_report_folder
from auditkit.signing.bundle import format_pair
from auditkit.signing.dsse import Envelope
from auditkit.signing.folder_files import (
    FolderFiles,
    check_document,
    check_evidence,
    check_renderings,
    read_folder_files,
)
from auditkit.signing.signed_already import require_unsigned
from auditkit.signing.ssh import Signer, fingerprint, signed_by
from auditkit.signing.statement import (
    NAME_CHARACTERS,
    Auditor,
    ReportStatement,
    report_statement,
    statement_bytes,
    summary_statement,
)
from auditkit.times import rfc3339


def sign_report(
    folder: Path,
    signer: Signer,
    *,
    auditor: str | None = None,
    now: float | None = None,
    seen: str | None = None,
) -> str:
    """Appends an auditor's two statements to the bundle of a report folder, whatever the verdict is.

    A key signs a report once. Auditors who sign at the same time do not lose each other's signatures.

    Args:
        folder: a finished report; its renderings and evidence have to be those of its `audit.json`.
        signer: an Ed25519 key.
        auditor: the name that the auditor wants to be known by.
        now: seconds since 1970; the clock by default.
        seen: SHA-256 of the `audit.json` that the auditor was shown, 64 hex digits; None takes what is there.

    Returns:
        The fingerprint of the key.

    Raises:
        SigningError: the folder is not as `audit.json` says, the bundle in it is damaged, the key has signed already
            or does not sign, or the bundle cannot be written; the bundle is then as it was.
        SourceError: there is no finished report, or another program is writing to the folder.
        EvidenceError: `audit.json` is malformed.
    """
    keyid = fingerprint(signer.public_key)
    place = folder / SIGNATURES_NAME
    report = prepare_statement(folder, keyid, auditor=auditor, now=now, seen=seen)
    require_unsigned(folder, keyid, signer.public_key)
    first = signed_envelope(statement_bytes(report), keyid, signer)
    second = signed_envelope(statement_bytes(summary_statement(report, first.to_line())), keyid, signer)
    with only_writer(folder):
        # Somebody may have signed meanwhile, with this key or with another one: an agent waits for its user.
        present = require_unsigned(folder, keyid, signer.public_key)
        try:
            write_atomically(place, present + format_pair((first, second)))
        except OSError as error:
            raise SigningError(
                f"the bundle cannot be written: {in_words(error)}",
                where=str(place),
                hint="the bundle is as it was; make room and sign again",
            ) from None
    return keyid


def prepare_statement(
    folder: Path,
    keyid: str,
    *,
    auditor: str | None = None,
    now: float | None = None,
    seen: str | None = None,
) -> ReportStatement:
    """What an auditor is about to sign, after the folder was checked as by `require_signable`."""
    found, files = require_signable(folder, auditor=auditor)
    if seen is not None and sha256(found.document_bytes).hexdigest() != seen:
        raise SigningError(
            "audit.json changed while it was looked at", where=str(folder), hint="look at it and sign again"
        )
    seconds = time.time() if now is None else now
    who = Auditor(keyid=keyid, name=auditor)
    return report_statement(found.document, files.digests, who, rfc3339(seconds))


def require_signable(folder: Path, *, auditor: str | None = None) -> tuple[ReportFolder, FolderFiles]:
    """Makes sure that a folder is a whole report and nothing else, and that the auditor's name can be used.

    Raises:
        SigningError: the folder is not as its `audit.json` says, or the name cannot be used.
        SourceError: there is no finished report.
        EvidenceError: `audit.json` is malformed.
    """
    if auditor is not None and not (0 < len(auditor) <= NAME_CHARACTERS and auditor.isprintable()):
        raise SigningError(
            "this cannot be the name of an auditor", hint=f"give 1 to {NAME_CHARACTERS} printable characters"
        )
    found = read_report_folder(folder)
    if Qualification.OLDER_POLICY in found.document.claim.qualifications:
        raise SigningError(
            f"the report was judged by {found.document.policy.id}, an older policy that demands less",
            where=str(folder),
            hint="audit again and sign the new report",
        )
    files = read_folder_files(folder, found.document)
    if files.strange:
        raise SigningError(
            f"the folder holds what is not part of a report: {files.strange[0]}",
            where=str(folder),
            hint="remove it, or sign a folder that auditkit wrote",
        )
    for decision in (
        check_document(found),
        check_evidence(found.document, files, folder),
        check_renderings(found.document, folder),
    ):
        if decision.outcome is Outcome.FAIL:
            raise SigningError(
                f"the folder is not what its audit.json says: {decision.observed}",
                where=str(folder),
                hint="audit again and sign the new folder",
            )
    return found, files


def signed_envelope(payload: bytes, keyid: str, signer: Signer) -> Envelope:
    """The payload with a signature of a key.

    Raises:
        SigningError: the key does not sign, or gives a signature that is not its own.
    """
    unsigned = Envelope(payload, keyid, b"")
    signature = signer.sign(unsigned.signed_bytes)
    if not signed_by(signer.public_key, signature, unsigned.signed_bytes):
        raise SigningError(
            "the key gave a signature that is not its own", where=keyid, hint="try another key"
        )
    return Envelope(payload, keyid, signature)
