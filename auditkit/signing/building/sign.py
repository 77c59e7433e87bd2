"""Signing the statement about a build: one more line beside it, or none."""

from __future__ import annotations

from pathlib import Path

from auditkit.atomic import write_atomically
from auditkit.errors import AuditkitError, EvidenceError, SigningError, in_words
from auditkit.opening import digest_of_file, read_file
from auditkit.report import only_writer
from auditkit.signing.building.contents import contradiction
from auditkit.signing.building.statement import STATEMENT_BYTES, BuildStatement, parse_build_statement
from auditkit.signing.bundle import BUNDLE_BYTES, signed_lines
from auditkit.signing.dsse import Envelope, parse_envelope
from auditkit.signing.sign import signed_envelope
from auditkit.signing.ssh import Signer, fingerprint


def signatures_path(statement: Path) -> Path:
    """Where the signatures of a statement lie: beside it, with the ending ``.intoto.jsonl``."""
    return statement.with_suffix(".intoto.jsonl")


def read_build_statement(statement: Path) -> tuple[BuildStatement, bytes]:
    """The statement in a file, and its bytes.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is no statement about a build.
    """
    data = read_file(statement, STATEMENT_BYTES)
    try:
        return parse_build_statement(data), data
    except EvidenceError as error:
        raise error.at(str(statement)) from None


def read_envelopes(place: Path) -> tuple[Envelope, ...]:
    """The envelopes in a file of signatures.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: a line of it is no envelope.
    """
    data = read_file(place, BUNDLE_BYTES)
    if not data.endswith(b"\n"):
        raise EvidenceError("the last line of the signatures is cut short", where=str(place))
    try:
        return tuple(parse_envelope(line) for line in signed_lines(data))
    except EvidenceError as error:
        raise error.at(str(place)) from None


def require_signable_build(statement: Path, keyid: str) -> tuple[BuildStatement, bytes]:
    """Makes sure that a statement is true of the image beside it, as far as that can tell, and not signed by a key.

    Args:
        keyid: the fingerprint of the key.

    Returns:
        The statement and its bytes.

    Raises:
        SigningError: the image is not there or another one, or holds something else than the statement says; the key
            has signed, or the signatures that are there are damaged or over another statement.
        SourceError: the statement or the image cannot be read.
        EvidenceError: it is no statement about a build.
    """
    found, data = _require_image(statement)
    image = statement.with_name(found.image.name)
    _present(statement, data, keyid)
    if (other := contradiction(image, found)) is not None:
        raise SigningError(
            "the image is not what the statement says of it",
            where=str(image),
            observed=other,
            hint="build it again",
        )
    return found, data


def _require_image(statement: Path) -> tuple[BuildStatement, bytes]:
    """The statement in a file and its bytes, once the image beside it is the one that it is about."""
    found, data = read_build_statement(statement)
    image = statement.with_name(found.image.name)
    try:
        sha256, _ = digest_of_file(image)
    except AuditkitError as error:
        raise SigningError(
            f"the image that the statement is about cannot be read: {error.what}",
            where=str(image),
            hint="sign where the image was built, beside it",
        ) from None
    if sha256 != found.image.digest.sha256:
        raise SigningError(
            "the image is not the one that the statement is about",
            where=str(image),
            expected=found.image.digest.sha256,
            observed=sha256,
            hint="build it again",
        )
    return found, data


def sign_build(statement: Path, signer: Signer, *, seen: bytes | None = None) -> str:
    """Adds a key's signature over `build.json` to the file beside it. A key signs a statement once.

    Args:
        signer: an Ed25519 key.
        seen: the statement that whoever signs was shown, as `require_signable_build` returned it; None takes what is
            there.

    Returns:
        The fingerprint of the key.

    Raises:
        SigningError: as `require_signable_build`; or the statement is another one than was shown, the key does not
            sign, or the file cannot be written: it is then as it was.
        SourceError, EvidenceError: as `require_signable_build`.
    """
    keyid = fingerprint(signer.public_key)
    # Equal bytes of the statement and the image it names by digest: what was true of them still is.
    _, data = require_signable_build(statement, keyid) if seen is None else _require_image(statement)
    if seen is not None and data != seen:
        raise SigningError(
            "the statement changed while it was looked at",
            where=str(statement),
            hint="look at it and sign again",
        )
    line = signed_envelope(data, keyid, signer).to_line() + b"\n"
    place = signatures_path(statement)
    with only_writer(statement.parent):
        present = _present(statement, data, keyid)  # somebody may have signed meanwhile
        try:
            write_atomically(place, present + line)
        except OSError as error:
            raise SigningError(
                f"the signature cannot be written: {in_words(error)}",
                where=str(place),
                hint="what was there is as it was; make room and sign again",
            ) from None
    return keyid


def _present(statement: Path, data: bytes, keyid: str) -> bytes:
    """The signatures that are there, none of them by a key; nothing where there are none yet."""
    place = signatures_path(statement)
    if not (place.exists() or place.is_symlink()):
        return b""
    try:
        envelopes = read_envelopes(place)
    except AuditkitError as error:
        raise SigningError(
            f"the signatures that are there already are damaged: {error.what}",
            where=str(place),
            hint="get them again from whoever signed, or remove them",
        ) from None
    if any(envelope.payload != data for envelope in envelopes):
        raise SigningError(
            "the signatures that are there are over another statement", where=str(place), hint="remove them"
        )
    if any(envelope.keyid == keyid for envelope in envelopes):
        raise SigningError(f"this key signed the statement already ({keyid})", where=str(place))
    return b"".join(envelope.to_line() + b"\n" for envelope in envelopes)
