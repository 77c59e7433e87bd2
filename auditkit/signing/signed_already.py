"""Who has signed a report folder already, asked before somebody signs: a key signs a report once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, SigningError
from auditkit.opening import read_file
from auditkit.report import SIGNATURES_NAME
from auditkit.signing.bundle import BUNDLE_BYTES, SignedPair, parse_bundle
from auditkit.signing.ssh import signed_by
from auditkit.signing.statement import parse_report_statement

_STATEMENTS: Final = "report.statement-*.json"
_ONCE: Final = "an auditor counts once, however often they sign; `auditkit verify-report` shows who signed"


def require_unsigned(folder: Path, keyid: str, public_key: bytes | None = None) -> bytes:
    """Makes sure that a key has not signed a report, neither in the bundle nor beside it.

    Args:
        keyid: the key's fingerprint, without its certificate if it has one.
        public_key: the key in SSH wire form; with it, a signature that is only said to be of the key is told apart.

    Returns:
        The bytes of the bundle; nothing where there is none yet.

    Raises:
        SigningError: the key has signed, or the signatures that are there are damaged.
    """
    place = folder / SIGNATURES_NAME
    present = b""
    if place.exists() or place.is_symlink():
        try:
            present = read_file(place, BUNDLE_BYTES)
            pairs = parse_bundle(present)
        except AuditkitError as error:
            raise _damaged(error.what, place) from None
        for pair in pairs:
            if pair.keyid == keyid:
                raise _signed(pair, place, public_key)
    for statement in sorted(folder.glob(_STATEMENTS)):
        try:
            said = parse_report_statement(read_file(statement, BUNDLE_BYTES)).predicate
        except AuditkitError as error:
            raise _damaged(error.what, statement) from None
        if said.auditor.keyid == keyid:
            raise SigningError(
                f"this key signed the report already, on {said.signed_at} ({keyid})",
                where=str(statement),
                hint=_ONCE,
            )
    return present


def _signed(pair: SignedPair, place: Path, public_key: bytes | None) -> SigningError:
    if public_key is not None and not all(
        signed_by(public_key, envelope.signature, envelope.signed_bytes) for envelope in pair.envelopes
    ):
        return _damaged(f"one says that it is of {pair.keyid}, and that key did not make it", place)
    return SigningError(
        f"this key signed the report already, on {pair.report.predicate.signed_at} ({pair.keyid})",
        where=str(place),
        hint=_ONCE,
    )


def _damaged(what: str, place: Path) -> SigningError:
    return SigningError(
        f"the signatures that are there already are damaged: {what}",
        where=str(place),
        hint="get the bundle again from whoever signed it",
    )
