"""Whose signatures of a report count, whose do not, and which could not be checked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditkit.decision import Check, Decision
from auditkit.errors import AuditkitError, EvidenceError, SigningError
from auditkit.opening import read_file
from auditkit.report import SIGNATURES_NAME
from auditkit.signing import report_checks as checks
from auditkit.signing.bundle import BUNDLE_BYTES, SignedPair, parse_bundle
from auditkit.signing.companion import Companion, read_companion
from auditkit.signing.dsse import Envelope
from auditkit.signing.folder_files import FolderFiles
from auditkit.signing.line_ends import hint
from auditkit.signing.ssh import certificate_counts, is_revoked, made_signature, signed_by
from auditkit.signing.statement import ReportStatement
from auditkit.signing.trust_list import Standing, TrustList, distinct_auditors


@dataclass(frozen=True, slots=True)
class Signature:
    """An auditor's valid signature.

    Attributes:
        principal: the identity that the trust list gives the key.
        keyid: the key's fingerprint.
        name: what the auditor calls themself; nothing proves it.
        signed_at: when, by the auditor's own clock.
        form: ``DSSE`` or ``SSH``.
        line: of the trust list that lets the key sign, from 1; 0 where there is no file.
    """

    principal: str
    keyid: str
    name: str | None
    signed_at: str
    form: str
    line: int = field(default=0, compare=False)


@dataclass(slots=True)
class FoundSignatures:
    """What the signatures came to, before it becomes decisions.

    Attributes:
        counted: each with what the trust list says of its key, and what it is over.
        pairs: those of them that are DSSE envelopes.
        problems: signatures that are not what they say.
        unknown: signatures that count for nothing, with the reason.
        unchecked: signatures that could not be checked, with the reason.
        open: whose those are that would count.
    """

    counted: list[tuple[Standing, Signature, ReportStatement]] = field(default_factory=list)
    pairs: list[SignedPair] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    open: list[Standing] = field(default_factory=list)


def judge_signatures(
    folder: Path, files: FolderFiles, trust: TrustList, now: float, decisions: list[Decision]
) -> FoundSignatures:
    """Judges every signature in a report folder and appends checks 4 and 5 to ``decisions``."""
    found = FoundSignatures()
    malformed: list[str] = []
    pairs: tuple[SignedPair, ...] = ()
    place = folder / SIGNATURES_NAME
    if place.exists() or not files.companions:
        try:
            pairs = parse_bundle(read_file(place, BUNDLE_BYTES))
        except AuditkitError as error:
            malformed.append(
                f"{SIGNATURES_NAME}: {error}" if isinstance(error, EvidenceError) else str(error)
            )
    for pair in pairs:
        judge_pair(pair, trust, now, found)
    names = sorted({name.removesuffix(".sig") for name in files.companions})
    for name in names:
        try:
            judge_companion(read_companion(folder, name), trust, now, found)
        except EvidenceError as error:
            malformed.append(str(error))
    made = f"{len(pairs)} in {SIGNATURES_NAME}, {len(names)} beside it"
    decisions.append(
        checks.FORM.failed(
            "; ".join(malformed)[:600],
            f"What should be signatures is missing or damaged.{hint(malformed)}",
        )
        if malformed
        else checks.FORM.passed(made, "Every signature has the form that auditkit writes.")
    )
    decisions.append(decide_keys(checks.KEYS, found, len(found.counted)))
    return found


def decide_keys(check: Check, found: FoundSignatures, valid: int) -> Decision:
    """Whether the keys that signatures name made them.

    Args:
        check: which asks it.
        valid: how many count.
    """
    if found.problems:
        return check.failed("; ".join(found.problems)[:600], "Something was changed after it was signed.")
    if found.unchecked:
        return check.warned(
            "; ".join(found.unchecked + found.unknown)[:600],
            "A signature that could not be checked counts for nothing.",
        )
    if found.unknown:
        return check.warned(
            "; ".join(found.unknown)[:600], "A signature by somebody you do not trust counts for nothing."
        )
    return check.passed(f"{valid} valid", "The keys that are named made the signatures.")


def judge_pair(pair: SignedPair, trust: TrustList, now: float, found: FoundSignatures) -> None:
    """Adds to ``found`` what an auditor's two envelopes come to under a trust list at ``now``, seconds since 1970."""
    standing = judge_envelopes(pair.keyid, pair.envelopes, trust, now, found)
    if standing is not None:
        found.pairs.append(pair)
        found.counted.append((standing, _signature(standing, pair.report, "DSSE"), pair.report))


def judge_envelopes(
    keyid: str, envelopes: Sequence[Envelope], trust: TrustList, now: float, found: FoundSignatures
) -> Standing | None:
    """What the trust list says of the key that made all of the envelopes; None, told in ``found``, if it counts not.

    Args:
        keyid: the key that they name.
        now: seconds since 1970.
    """
    signer = trust.find(keyid, now)
    standing = trust.standing(signer.public_key, now) if signer else None
    if signer is None or standing is None:
        # The key id is only a hint: a changed one must not turn a trusted signature into an unknown one.
        made_by = [
            known.keyid
            for known in trust.signers
            if not known.authority
            and any(signed_by(known.public_key, e.signature, e.signed_bytes) for e in envelopes)
        ]
        if made_by:
            found.problems.append(f"a signature of {made_by[0]} says that it is of {keyid}")
        else:
            found.unknown.append(f"{keyid} is not in the trust list")
        return None
    for envelope in envelopes:
        if not signed_by(signer.public_key, envelope.signature, envelope.signed_bytes):
            found.problems.append(f"a signature said to be of {_who(standing)} is not valid")
            return None
    try:
        objection = standing.objection or _revocation(trust, signer.public_key)
    except SigningError as error:
        found.unchecked.append(
            f"whether the key of {_who(standing)} was revoked was not checked: {error.what}"
        )
        found.open.append(standing)
        return None
    if objection:
        found.unknown.append(f"the key of {_who(standing)} does not count: {objection}")
        return None
    return standing


def judge_companion(companion: Companion, trust: TrustList, now: float, found: FoundSignatures) -> None:
    """Adds to ``found`` what an SSH signature comes to under a trust list at ``now``, seconds since 1970."""
    standing = trust.standing(companion.public_key, now)
    payload, signature = companion.payload, companion.signature
    try:
        if not made_signature(signature, payload):
            found.problems.append(f"{companion.name}.sig is not a signature over {companion.name}")
            return
        if standing is None:
            found.unknown.append(f"{companion.keyid} ({companion.kind}) is not in the trust list")
            return
        objection = standing.objection or _revocation(trust, companion.public_key)
        if not objection and standing.certified_as:
            confirmed = certificate_counts(signature, payload, trust.text, standing.certified_as)
            objection = "" if confirmed else "ssh-keygen refuses its certificate"
    except SigningError as error:
        found.unchecked.append(f"{companion.name}.sig was not checked: {error.what}")
        if standing is not None and not standing.objection:
            found.open.append(standing)
        return
    if objection:
        found.unknown.append(f"the key of {_who(standing)} ({companion.kind}) does not count: {objection}")
        return
    found.counted.append((standing, _signature(standing, companion.statement, "SSH"), companion.statement))


def _revocation(trust: TrustList, public_key: bytes) -> str:
    revoked = trust.revocation_list is not None and is_revoked(trust.revocation_list, public_key)
    return "it was revoked" if revoked else ""


def _signature(standing: Standing, statement: ReportStatement, form: str) -> Signature:
    said = statement.predicate
    return Signature(
        principal=",".join(standing.principals),
        keyid=standing.keyid,
        name=said.auditor.name,
        signed_at=said.signed_at,
        form=form,
        line=standing.line,
    )


def _who(standing: Standing) -> str:
    return f"{','.join(standing.principals)} ({standing.keyid})"


def enough_signed(at_least: int, found: FoundSignatures) -> Decision:
    """Check 6. It is left open where a signature that could not be checked would decide it."""
    return decide_signers(checks.SIGNERS, at_least, [standing for standing, _, _ in found.counted], found)


def decide_signers(
    check: Check,
    at_least: int,
    standings: Sequence[Standing],
    found: FoundSignatures,
    *,
    who: str = "auditor",
) -> Decision:
    """Whether enough of those whom one trusts have signed.

    Args:
        check: which asks it.
        standings: of the keys whose signatures count.
        found: what became of the other signatures.
        who: what those who sign are called.
    """
    count = distinct_auditors(standings)
    wanted = f"at least {at_least} different {who}{'s' if at_least > 1 else ''} of the trust list"
    names = ", ".join(sorted({",".join(standing.principals) for standing in standings})) or "nobody"
    shown = f"{count}: {names}"
    if count >= at_least:
        return check.passed(shown, f"Enough {who}s signed.", expected=wanted)
    if distinct_auditors([*standings, *found.open]) >= at_least:
        return check.skipped(
            f"It is not known whether {wanted} signed: {'; '.join(found.unchecked)}"[:600] + "."
        )
    why = "; ".join(found.unchecked + found.unknown) or "Nobody else signed"
    return check.failed(shown, f"Too few {who}s whom you trust have signed. {why}.", expected=wanted)
