"""Checks 7 to 10: does the root key say that the signer may speak for the canister, and with which key?

Source: IC interface specification, "Certification" ("Delegation").
"""

from __future__ import annotations

from dataclasses import dataclass

from auditkit import checks
from auditkit.decision import Check, Decision, Outcome, Qualification
from auditkit.errors import EvidenceError
from auditkit.ic import bls
from auditkit.ic.certificate import Delegation, canister_ranges, signed_message, subnet_key
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.principal import Principal
from auditkit.ic.public_key import point_of
from auditkit.limits import Limits


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature is wanted: that of the root key, or of a subnet that may speak for the canister."""

    root_key: bytes
    root_point: bytes
    canister: Principal | None
    subnet: Principal | None


def signature_decision(check: Check, opinions: bls.Opinions, statement: str) -> Decision:
    """Decides ``check`` by what the BLS libraries say about a signature; ``statement`` is what a yes means."""
    observed = opinions.in_words()
    if opinions.disagree:
        return check.failed(observed, "The two libraries disagree, so neither is believed.")
    if not opinions.unanimous_yes:
        return check.failed(observed, f"It is not true that {statement}.")
    if len(opinions.each) == 1:
        return check.warned(
            observed,
            f"Only one library could be asked; it says that {statement}.",
            qualifications=(Qualification.ONE_OPINION,),
        )
    return check.passed(observed, f"Two independent libraries agree that {statement}.")


def note_no_delegation(log: DecisionLog, signer: Signer) -> None:
    """Checks 7 to 10 where the root key itself signed: it may speak for every canister."""
    reason = "there is no delegation: the root key itself must have signed"
    log.add(
        checks.DELEGATION_DEPTH.skipped(reason),
        checks.DELEGATION_SIGNATURE.skipped(reason),
        checks.DELEGATION_RANGES.skipped(reason),
        checks.DELEGATION_SUBNET_KEY.skipped(reason),
    )
    root_subnet = Principal.self_authenticating(signer.root_key)
    if signer.subnet is not None and signer.subnet != root_subnet:
        log.add(
            checks.DELEGATION_RANGES.failed(
                f"no delegation, so the signer is the root subnet {root_subnet}",
                "A subnet other than the wanted one signed.",
                expected=f"subnet {signer.subnet}",
            )
        )


def delegated_point(log: DecisionLog, delegation: Delegation, signer: Signer, limits: Limits) -> bytes | None:
    """Checks 8, 9, 10 and 6: the point of the subnet's key, or None when the NNS does not vouch for one."""
    inner = delegation.certificate
    opinions = bls.verify(inner.signature, signed_message(inner.tree), signer.root_point)
    decision = signature_decision(checks.DELEGATION_SIGNATURE, opinions, "the root key signed the delegation")
    log.add(decision)
    if decision.outcome is Outcome.FAIL:
        return None
    log.add(_ranges_decision(delegation, signer, limits))
    try:
        key = subnet_key(delegation)
    except EvidenceError as error:
        log.add(checks.DELEGATION_SUBNET_KEY.failed(str(error), "The NNS vouches for no key of this subnet."))
        return None
    log.add(
        checks.DELEGATION_SUBNET_KEY.passed(
            f"subnet {delegation.subnet}", "The delegation holds the subnet's key."
        )
    )
    try:
        point = point_of(key)
    except EvidenceError as error:
        log.add(
            checks.CERTIFICATE_KEYS.failed(str(error), "The subnet's key is not encoded as a key of the IC.")
        )
        return None
    log.add(
        checks.CERTIFICATE_KEYS.passed("root key and subnet key", "Both keys have the form of an IC key.")
    )
    return point


def _ranges_decision(delegation: Delegation, signer: Signer, limits: Limits) -> Decision:
    check = checks.DELEGATION_RANGES
    if signer.subnet is not None and signer.subnet != delegation.subnet:
        return check.failed(
            f"subnet {delegation.subnet}",
            "A subnet other than the wanted one signed.",
            expected=f"subnet {signer.subnet}",
        )
    if signer.canister is None:
        if signer.subnet is not None:
            return check.passed(
                f"subnet {delegation.subnet}", "The wanted subnet signed; no canister was named."
            )
        return check.skipped(
            f"No canister was named, so nobody can tell whether subnet {delegation.subnet}, which signed, may speak "
            "for the one that is meant."
        )
    wanted = f"ranges that hold {signer.canister}"
    try:
        ranges = canister_ranges(delegation, limits=limits)
    except EvidenceError as error:
        return check.failed(
            str(error), "Nothing says that this subnet may speak for the canister.", expected=wanted
        )
    holding = next((entry for entry in ranges if signer.canister in entry), None)
    if holding is None:
        told = "; ".join(str(entry) for entry in ranges[:4]) + ("; ..." if len(ranges) > 4 else "")
        return check.failed(told, "The canister is not one of this subnet's.", expected=wanted)
    return check.passed(
        str(holding), "The NNS says that the canister is one of this subnet's.", expected=wanted
    )
