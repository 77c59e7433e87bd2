"""Whether a chip says that it runs what the proposal blesses (checks 35 to 41)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditkit import checks
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.sev.attestation import (
    AttestationReport,
    RootKey,
    SigningKey,
    VerifiedChain,
    check_chip_key,
    check_signature,
    parse_chain,
    parse_report,
    split_report,
    verify_chain,
)

Names = tuple[str, ...]
HOST_VMPL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a report says, and the decisions about it.

    Attributes:
        decisions: checks 35 to 41, each once.
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
    evidence: Names = (),
) -> Attestation:
    """Decides checks 35 to 41; each that cannot be asked because an earlier one failed is skipped and says so.

    Args:
        report: the report in any form that `auditkit.sev.attestation.split_report` reads.
        chain: the certificates; None when the report comes with its own.
        bless: what the authentic proposal blesses.
        roots: whom to trust, AMD's roots as a rule.
        moment: when the certificates have to be valid, in UTC.
        evidence: names of the files.
    """
    decisions: list[Decision] = []
    try:
        raw, table = split_report(report)
        parsed = parse_report(raw)
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
        if chain is None and not table:
            raise EvidenceError("no certificates were given, and the report comes without its own")
        verified = verify_chain(parse_chain(table if chain is None else chain), roots, moment)
        decisions.append(_vouched(verified, evidence))
        check_signature(parsed, verified)
        decisions.append(_signed(parsed, verified, evidence))
        check_chip_key(parsed, verified)
        decisions.append(_chip_key(parsed, verified, evidence))
    except EvidenceError as error:
        check = checks.ATTESTATION_CHECKS[len(decisions)]
        failed = _refused(check, error, evidence)
        return Attestation((*decisions, failed, *_skips(failed)), parsed, verified)
    decisions += (
        _chip(parsed, bless, evidence),
        _measurement(parsed, bless, evidence),
        _policy(parsed, evidence),
    )
    return Attestation(tuple(decisions), parsed, verified)


def _form(report: AttestationReport, evidence: Names) -> Decision:
    asked_by = "the host" if report.vmpl == HOST_VMPL else f"the guest at VMPL {report.vmpl}"
    return checks.ATTESTATION_REPORT.passed(
        f"version {report.version}, asked for by {asked_by}, report_data {report.report_data.hex()}",
        "It has the form of a report of AMD's firmware. A report says nothing of when it was made, unless its "
        "report_data does.",
        evidence=evidence,
    )


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


def _chip_key(report: AttestationReport, chain: VerifiedChain, evidence: Names) -> Decision:
    tcb = check_chip_key(report, chain)
    if chain.signing_key is SigningKey.VLEK:
        return checks.ATTESTATION_CHIP_KEY.warned(
            f"a key of a cloud provider for {tcb}",
            "A VLEK belongs to a provider and not to one chip: that the chip is the one of the report is the "
            "word of its firmware alone.",
            evidence=evidence,
        )
    return checks.ATTESTATION_CHIP_KEY.passed(
        f"chip {report.chip_id.hex()}, {tcb}",
        "Certificate and report name the same chip and the same firmware.",
        evidence=evidence,
    )


def _chip(report: AttestationReport, bless: BlessAlternativeGuestOsVersion, evidence: Names) -> Decision:
    check = checks.ATTESTATION_CHIP
    shown = report.chip_id.hex()
    if report.chip_id in bless.chip_ids:
        return check.passed(shown, "The proposal names this chip.", evidence=evidence)
    if not any(report.chip_id):
        return check.failed("a masked chip id", "The host hides which chip this is.", evidence=evidence)
    return check.failed(
        shown,
        "The proposal is for other machines: this one must not boot the recovery image.",
        expected=", ".join(chip.hex() for chip in bless.chip_ids[:4]),
        evidence=evidence,
    )


def _measurement(
    report: AttestationReport, bless: BlessAlternativeGuestOsVersion, evidence: Names
) -> Decision:
    check = checks.ATTESTATION_MEASUREMENT
    shown = report.measurement.hex()
    for number, entry in enumerate(bless.base_guest_launch_measurements, 1):
        if entry.measurement == report.measurement:
            return check.passed(
                shown,
                f"It is blessed measurement {number}, {entry.vcpu_type or 'without a CPU type'}.",
                evidence=evidence,
            )
    return check.failed(shown, "The chip runs a guest that the proposal does not bless.", evidence=evidence)


def _policy(report: AttestationReport, evidence: Names) -> Decision:
    check = checks.ATTESTATION_POLICY
    policy = report.policy
    if policy.debug or policy.migration:
        how = (
            "read and change its memory" if policy.debug else "have it moved by an agent that sees its memory"
        )
        return check.failed(
            str(policy), f"The host may {how}: such a guest keeps no secret.", evidence=evidence
        )
    if not policy.well_formed:
        return check.failed(str(policy), "A bit that AMD's firmware demands is not set.", evidence=evidence)
    return check.passed(
        str(policy), "The host can neither debug the guest nor have it migrated.", evidence=evidence
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
        check.skipped(f"Not reached: {failed.id} failed.", evidence=failed.evidence)
        for check in checks.ATTESTATION_CHECKS
        if check.number > failed.number
    )
