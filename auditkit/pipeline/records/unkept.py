"""Evidence that is kept by its digest alone, because it does not have the form that its name promises.

A parameter can name any file and any address. Were it kept whatever it is, ``attestation_report: ~/.ssh/id_ed25519``
would publish a key. So a file that a parameter names is kept only when it has its form. One that has not fails the
check of its form, and the record keeps the words of that failure. A replay puts nothing in the file's place, which
fails the same check, and takes the words from the record: such a record can only ever hold a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from auditkit import checks
from auditkit.decision import Check, Decision, Outcome, Sentence
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence
from auditkit.ic import parse_request, read_form
from auditkit.sev import attestation

STAND_IN: Final = b""
"""What is decided about in the place of a file that was not kept."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The words of a failed decision about the form of a file."""

    expected: str
    observed: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Unkept:
    """A file that was not kept.

    Attributes:
        evidence: its name, digest, size and origin.
        refusal: why; None when its check was not reached.
    """

    evidence: Evidence
    refusal: Refusal | None


def is_certificate(data: bytes) -> bool:
    """Whether these are the bytes of a certificate of the Internet Computer, whoever signed it."""
    return _reads(read_form, data)


def is_request(data: bytes) -> bool:
    """Whether these are the bytes of a request as it is sent to the Internet Computer."""
    return _reads(parse_request, data)


def is_chain(data: bytes) -> bool:
    """Whether these are certificates and no private key is among them."""
    return b"PRIVATE KEY" not in data and _reads(attestation.parse_chain, data)


def form_refusal(decisions: Iterable[Decision], check: Check) -> Refusal | None:
    """Why the file that ``check`` is about cannot be kept; None when the check was not reached."""
    for made in decisions:
        if made.id == check.id and made.outcome is Outcome.FAIL:
            return Refusal(made.expected, made.observed, made.reason)
        if made.id == check.id and made.outcome is not Outcome.SKIP:
            return Refusal(
                made.expected,
                "a file with a private key in it",
                "A private key stands beside what was asked for, so that the file cannot be published as evidence.",
            )
    return None


def reworded(
    decisions: Iterable[Decision], form_checks: Mapping[str, Check], unkept: Iterable[Unkept]
) -> tuple[Decision, ...]:
    """``decisions`` about stand-ins, in the words that were found for the files themselves.

    Args:
        form_checks: which check asks for the form of a file, by the file's name.

    Raises:
        EvidenceError: words are there for a check that did not fail.
    """
    made = {decision.id: decision for decision in decisions}
    for file in unkept:
        check = form_checks.get(file.evidence.name)
        failed = made.get(check.id) if check else None
        if file.refusal is None and (failed is None or failed.outcome is not Outcome.FAIL):
            continue
        if file.refusal is None or failed is None or failed.outcome is not Outcome.FAIL:
            raise EvidenceError(
                "the record of a file that was not kept contradicts its check", where=file.evidence.name
            )
        words = file.refusal
        made[failed.id] = replace(
            failed, expected=words.expected, observed=words.observed, reason=words.reason
        )
    return tuple(made.values())


def _reads(parse: Callable[[bytes], object], data: bytes) -> bool:
    try:
        parse(data)
    except EvidenceError:
        return False
    return True


ATTESTATION_FORMS: Final = {
    "attestation-report": checks.ATTESTATION_REPORT,
    "attestation-chain": checks.ATTESTATION_CHAIN,
}
PROPOSAL_FORMS: Final = {
    "proposal.cbor": checks.CERTIFICATE_FORM,
    "proposal.request.cbor": checks.REPLY_REQUEST,
}
