"""Whether the guest of a verified attestation report is one that the proposal blesses (checks 39 to 42)."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.decision import Decision
from auditkit.ic import BlessAlternativeGuestOsVersion, Stage
from auditkit.sev.attestation import AttestationReport

Names = tuple[str, ...]
# dfinity/ic, the GuestOS's attestation verifier: it reads AMD's family from the report, which older ones do not state.
GUESTOS_VERSION: Final = 3


def decide_guest(
    report: AttestationReport, bless: BlessAlternativeGuestOsVersion, *, stage: Stage, evidence: Names = ()
) -> tuple[Decision, ...]:
    """Decides checks 39 to 42.

    Args:
        report: a report whose signature and chip key were verified.
        bless: what the authentic proposal blesses.
        stage: at ``recover`` a report that the GuestOS would refuse fails; at ``vote`` it is a warning.
        evidence: names of the files.
    """
    return (
        _chip(report, bless, evidence),
        _measurement(report, bless, evidence),
        _policy(report, evidence),
        _version(report, stage, evidence),
    )


def _chip(report: AttestationReport, bless: BlessAlternativeGuestOsVersion, evidence: Names) -> Decision:
    check = checks.ATTESTATION_CHIP
    shown = report.chip_id.hex()
    # Every masked chip reports the same 64 zero bytes, so that a proposal which lists them would let all of them in.
    if report.masked:
        return check.failed("a masked chip id", "The host hides which chip this is.", evidence=evidence)
    if report.chip_id in bless.chip_ids:
        return check.passed(shown, "The proposal names this chip.", evidence=evidence)
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
        return check.failed(
            str(policy),
            "A guest policy has bit 17 set and bits 26 to 63 not set, and this one does not.",
            evidence=evidence,
        )
    return check.passed(
        str(policy), "The host can neither debug the guest nor have it migrated.", evidence=evidence
    )


def _version(report: AttestationReport, stage: Stage, evidence: Names) -> Decision:
    check = checks.ATTESTATION_VERSION
    shown = f"version {report.version}"
    if report.processor is not None and report.version >= GUESTOS_VERSION:
        return check.passed(
            f"{shown}, {report.processor}", "It names the model of its processor.", evidence=evidence
        )
    decide = check.failed if stage == "recover" else check.warned
    return decide(
        shown,
        "The GuestOS reads the model of the processor from the report, and reports of this version do not state it: "
        "other nodes would refuse this one. Newer firmware makes newer reports.",
        evidence=evidence,
    )
