"""`report.intoto.jsonl`: two envelopes for each auditor, one a line."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, MIB, Limits
from auditkit.signing.dsse import Envelope, parse_envelope
from auditkit.signing.line_ends import ONLY_LINE_ENDS, unix_line_ends
from auditkit.signing.statement import (
    ReportStatement,
    SummaryStatement,
    parse_report_statement,
    parse_summary_statement,
)

BUNDLE_BYTES: Final = 64 * MIB


@dataclass(frozen=True, slots=True)
class SignedPair:
    """What one auditor signed; no signature is verified yet.

    Attributes:
        envelopes: the report statement's and the summary's.
    """

    envelopes: tuple[Envelope, Envelope]
    report: ReportStatement
    summary: SummaryStatement

    @property
    def keyid(self) -> str:
        """The key that both envelopes name."""
        return self.envelopes[0].keyid


def format_pair(pair: tuple[Envelope, Envelope]) -> bytes:
    """Two lines of the bundle."""
    return b"".join(envelope.to_line() + b"\n" for envelope in pair)


def parse_bundle(data: bytes) -> tuple[SignedPair, ...]:
    """What the auditors signed, in the order in which they did.

    Raises:
        EvidenceError: a line is no envelope of a known statement, the lines are not pairs of a report statement and
            the summary that points at it, or two envelopes of a pair name different keys.
    """
    if len(data) > BUNDLE_BYTES:
        raise EvidenceError("the bundle is too large", expected=f"at most {BUNDLE_BYTES:,} bytes")
    try:
        return _parse(data)
    except EvidenceError as error:
        try:
            _parse(unix_line_ends(data))
        except EvidenceError:
            raise error from None
        raise EvidenceError(f"the bundle was changed {ONLY_LINE_ENDS}") from None


def _parse(data: bytes) -> tuple[SignedPair, ...]:
    if not data.endswith(b"\n"):
        raise EvidenceError("the last line of the bundle is cut short")
    lines = signed_lines(data)
    if len(lines) % 2:
        raise EvidenceError("the bundle has an odd number of lines, but every auditor signs two")
    return tuple(_pair(lines[number], lines[number + 1], number + 1) for number in range(0, len(lines), 2))


def signed_lines(data: bytes, *, limits: Limits = LIMITS) -> list[bytes]:
    """The lines of a file of signatures that ends with a line feed; none of them is looked at.

    Raises:
        EvidenceError: there are more than anybody needs.
    """
    if (count := data.count(b"\n")) > limits.signatures:
        raise EvidenceError(
            "there are more signatures than anybody needs",
            expected=f"at most {limits.signatures:,} lines",
            observed=f"{count:,}",
        )
    return data[:-1].split(b"\n")


def _pair(line: bytes, following: bytes, number: int) -> SignedPair:
    try:
        first, second = parse_envelope(line), parse_envelope(following)
        report, summary = parse_report_statement(first.payload), parse_summary_statement(second.payload)
    except EvidenceError as error:
        raise error.at(f"lines {number} and {number + 1}") from None
    where = f"lines {number} and {number + 1}"
    if not first.keyid == second.keyid == report.predicate.auditor.keyid:
        raise EvidenceError("the two statements of an auditor name different keys", where=where)
    pointed_at = [item.digest.sha256 for item in summary.predicate.input_attestations]
    if pointed_at != [sha256(line).hexdigest()]:
        raise EvidenceError("the summary does not point at the line before it", where=where)
    return SignedPair((first, second), report, summary)
