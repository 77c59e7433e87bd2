"""Whether a chip says that it runs what the proposal blesses (checks 35 to 42)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditkit import checks
from auditkit.audit.attested_guest import decide_guest
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError
from auditkit.ic import BlessAlternativeGuestOsVersion, Stage
from auditkit.sev.attestation import (
    HOST_VMPL,
    AttestationReport,
    RootKey,
    SigningKey,
    TcbFloor,
    VerifiedChain,
    check_chip_key,
    check_signature,
    parse_chain,
    parse_report,
    parse_table,
    parse_tcb,
    split_report,
    verify_chain,
)

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a report says, and the decisions about it.

    Attributes:
        decisions: checks 35 to 42, each once.
        report: None when the file is no report.
        chain: None when the certificates do not lead to a root key.
    """

    decisions: tuple[Decision, ...]
    report: AttestationReport | None
    chain: VerifiedChain | None


def decide_attestation(
    report: bytes,
    chain: bytes | None,
    bless: BlessAlternativeGuestOsVersion,
    *,
    roots: Sequence[RootKey],
    moment: datetime,
    stage: Stage = "vote",
    tcb_min: TcbFloor | None = None,
    evidence: Names = (),
) -> Attestation:
    """Decides checks 35 to 42; each that cannot be asked because an earlier one failed is skipped and says so.

    Args:
        report: the report in any form that `auditkit.sev.attestation.split_report` reads.
        chain: the certificates; None when the report comes with its own. A chain that is given is taken instead of
            those behind the report.
        bless: what the authentic proposal blesses.
        roots: whom to trust, AMD's roots as a rule.
        moment: when the certificates have to be valid, in UTC.
        stage: at ``recover`` a report that the GuestOS would refuse fails check 42; at ``vote`` it is a warning.
        tcb_min: the lowest firmware versions to accept; None accepts all.
        evidence: names of the files.
    """
    decisions: list[Decision] = []
    try:
        raw, table = split_report(report)
        parsed = parse_report(raw)
        certified = bool(table) and bool(parse_table(table))
    except EvidenceError as error:
        failed = checks.ATTESTATION_REPORT.failed(
            _observed(error),
            f"{error.what[:1].upper()}{error.what[1:]}.",
            expected=error.expected,
            evidence=evidence,
        )
        return Attestation((failed, *_skips(failed)), None, None)
    decisions.append(_form(parsed, evidence))
    verified: VerifiedChain | None = None
    try:
        if chain is None and not certified:
            raise EvidenceError("no certificates were given, and the report comes without its own")
        verified = verify_chain(parse_chain(table if chain is None else chain), roots, moment)
        decisions.append(_vouched(verified, evidence))
        check_signature(parsed, verified)
        decisions.append(_signed(parsed, verified, evidence))
        decisions.append(_chip_key(parsed, verified, tcb_min, evidence))
    except EvidenceError as error:
        check = checks.ATTESTATION_CHECKS[len(decisions)]
        failed = _refused(check, error, evidence)
        return Attestation((*decisions, failed, *_skips(failed)), parsed, verified)
    decisions += decide_guest(parsed, bless, stage=stage, evidence=evidence)
    return Attestation(tuple(decisions), parsed, verified)


def _form(report: AttestationReport, evidence: Names) -> Decision:
    by_host = report.vmpl == HOST_VMPL
    author = f"author key {_digest(report.author_key_digest)}" if report.author_key else "no author key"
    observed = (
        f"version {report.version}, asked for by {'the host' if by_host else f'the guest at VMPL {report.vmpl}'}, "
        f"ID key {_digest(report.id_key_digest)}, {author}, host_data {_digest(report.host_data)}, "
        f"report_data {_digest(report.report_data)}"
    )
    if report.vmpl:
        who = (
            "The host asked for it, so its report_data is the host's word and not the guest's."
            if by_host
            else "It was asked for at a privilege level below the highest: what runs above it in the guest sees and "
            "changes all that it does."
        )
        return checks.ATTESTATION_REPORT.warned(observed, who, evidence=evidence)
    return checks.ATTESTATION_REPORT.passed(
        observed,
        "It has the form of a report of AMD's firmware. A report says nothing about when it was made, unless its "
        "report_data does.",
        evidence=evidence,
    )


def _digest(data: bytes) -> str:
    return data.hex() if any(data) else "zeros"


def _vouched(chain: VerifiedChain, evidence: Names) -> Decision:
    until = min(one.not_after for one in (chain.leaf, chain.intermediate, chain.root.certificate))
    return checks.ATTESTATION_CHAIN.passed(
        f"{chain}, valid until {until:%Y-%m-%d}",
        f"The certificates lead to the root key for {chain.root.family}, SHA-256 "
        f"{chain.root.certificate.fingerprint}. AMD's list of revoked keys was not asked.",
        evidence=evidence,
    )


def _signed(report: AttestationReport, chain: VerifiedChain, evidence: Names) -> Decision:
    return checks.ATTESTATION_SIGNATURE.passed(
        f"signed by the {chain.signing_key.name}",
        "Every byte that the report states is under the signature.",
        evidence=evidence,
    )


def _chip_key(
    report: AttestationReport, chain: VerifiedChain, tcb_min: TcbFloor | None, evidence: Names
) -> Decision:
    check = checks.ATTESTATION_CHIP_KEY
    tcb = check_chip_key(report, chain)
    if tcb_min is not None:
        launch = parse_tcb(report.launch_tcb, chain.root.layout)
        for stated, when in ((tcb, "that signed the report"), (launch, "that the guest was launched under")):
            if old := tcb_min.undercut(stated):
                return check.failed(
                    f"{stated}, {when}",
                    f"The firmware {when} is below the lowest versions that were asked for: {old}.",
                    expected=f"{tcb_min} or later",
                    evidence=evidence,
                )
    floor = "" if tcb_min is None else f" The firmware is not below {tcb_min}."
    if chain.signing_key is SigningKey.VLEK:
        return check.warned(
            f"a key of a cloud provider for {tcb}",
            "A VLEK belongs to a provider and not to one chip: that the chip is the one of the report is the "
            f"word of its firmware alone.{floor}",
            evidence=evidence,
        )
    return check.passed(
        f"chip {report.chip_id.hex()}, {tcb}",
        f"Certificate and report name the same chip and the same firmware.{floor}",
        evidence=evidence,
    )


def _refused(check: Check, error: EvidenceError, evidence: Names) -> Decision:
    return check.failed(
        _observed(error),
        f"{error.what[:1].upper()}{error.what[1:]}.",
        expected=error.expected,
        evidence=evidence,
    )


def _observed(error: EvidenceError) -> str:
    return error.observed or error.what


def _skips(failed: Decision) -> tuple[Decision, ...]:
    return tuple(
        check.not_reached(failed, evidence=failed.evidence)
        for check in checks.ATTESTATION_CHECKS
        if check.number > failed.number
    )
