"""Checks 1 to 11: is this file a certificate of the Internet Computer, and who signed it when?

The checks are listed in `auditkit.checks` and explained in docs/certificates.md. The order of evaluation follows the
chain of trust: the root key vouches for the delegation, the delegation for the subnet key, the subnet key for the
tree. The decisions come back in the order of their numbers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from auditkit import checks
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import bls, hash_tree
from auditkit.ic.certificate import (
    Certificate,
    read_form,
    read_trees,
    signed_message,
    time_of,
)
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.delegation import Signer, delegated_point, note_no_delegation, signature_decision
from auditkit.ic.principal import Principal
from auditkit.ic.public_key import MAINNET_ROOT_KEY, point_of
from auditkit.limits import LIMITS, Limits
from auditkit.times import LAST_SECOND

FUTURE_TOLERANCE_NS: Final = 5 * 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class CertificateVerification:
    """What checks 1 to 11 decided.

    Attributes:
        decisions: one a check, in the order of their numbers.
        certificate: the certificate when no check failed, else None.
        time_ns: when it was signed (nanoseconds since 1970); None unless ``certificate`` is there.
        signed_by: who signed, in words; empty unless ``certificate`` is there.
    """

    decisions: tuple[Decision, ...]
    certificate: Certificate | None
    time_ns: int | None
    signed_by: str


def verify_certificate(
    data: bytes,
    *,
    root_key: bytes,
    canister: Principal | None,
    subnet: Principal | None = None,
    now_ns: int | None = None,
    limits: Limits = LIMITS,
) -> CertificateVerification:
    """Decides checks 1 to 11 about the bytes of a certificate. Bad bytes never raise: they fail a check.

    Args:
        data: the file, with or without tag 55799.
        root_key: DER, 133 bytes.
        canister: for which canister the signer must be entitled to speak; None leaves check 9 of a delegated
            certificate without an answer, unless ``subnet`` is given.
        subnet: which subnet must have signed, instead of or besides ``canister``.
        now_ns: the present, nanoseconds since 1970; None asks the clock.

    Raises:
        ParameterError: ``root_key`` is not a key.
        AuditkitError: no BLS library is installed.
    """
    try:
        root_point = point_of(root_key)
    except EvidenceError as error:
        raise ParameterError(
            "the root key is not a key of the Internet Computer",
            expected=error.expected,
            observed=error.observed,
        ) from None
    log = DecisionLog()
    clock = time.time_ns() if now_ns is None else now_ns
    signer = Signer(root_key, root_point, canister, subnet)
    certificate = _decide(log, data, signer, clock, limits)
    decisions = log.in_order(checks.CERTIFICATE_CHECKS)
    if certificate is None or log.failed is not None:
        return CertificateVerification(decisions, None, None, "")
    mainnet = root_key == MAINNET_ROOT_KEY
    root = "mainnet's root key" if mainnet else "the root key that was given, which is not mainnet's"
    who = (
        f"{root}{' (the NNS itself)' if mainnet else ''}"
        if certificate.delegation is None
        else f"subnet {certificate.delegation.subnet}, to which {root} delegates"
    )
    return CertificateVerification(decisions, certificate, time_of(certificate.tree), who)


def time_text(time_ns: int) -> str:
    """A time as people read it, to the second, in UTC."""
    seconds = time_ns // 1_000_000_000
    if seconds > LAST_SECOND:
        return f"{seconds} seconds after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _decide(log: DecisionLog, data: bytes, signer: Signer, now_ns: int, limits: Limits) -> Certificate | None:
    """Makes the decisions along the chain of trust; stops where the next one would have nothing to stand
    on.
    """
    certificate = _read(log, data, limits)
    if certificate is None:
        return None
    point: bytes | None
    if certificate.delegation is None:
        note_no_delegation(log, signer)
        point = signer.root_point
        log.add(checks.CERTIFICATE_KEYS.passed("the root key", "The root key has the form of an IC key."))
    else:
        point = delegated_point(log, certificate.delegation, signer, limits)
    if point is None:
        return None
    opinions = bls.verify(certificate.signature, signed_message(certificate.tree), point)
    whom = "the root key" if certificate.delegation is None else "the subnet's key"
    log.add(signature_decision(checks.CERTIFICATE_SIGNATURE, opinions, f"{whom} signed this tree"))
    if log.failed is None:
        log.add(_time_decision(certificate, now_ns))
    return certificate


def _read(log: DecisionLog, data: bytes, limits: Limits) -> Certificate | None:
    """Checks 1 to 4 and 7."""
    try:
        form = read_form(data, limits=limits)
    except EvidenceError as error:
        log.add(
            checks.CERTIFICATE_FORM.failed(str(error), "The file is not a certificate in the strict form.")
        )
        return None
    parts = "tree and signature" + (" and delegation" if form.delegation else "")
    log.add(
        checks.CERTIFICATE_FORM.passed(
            f"{len(data)} bytes: {parts}", "The file is a certificate and nothing more."
        )
    )
    if form.delegation is not None:
        if form.delegation.certificate.delegation is not None:
            log.add(
                checks.DELEGATION_DEPTH.failed(
                    "a delegation inside the delegation", "Only the root key itself may delegate."
                )
            )
            return None
        log.add(
            checks.DELEGATION_DEPTH.passed("one level", "The delegation's own certificate has no delegation.")
        )
    try:
        certificate = read_trees(form, limits=limits)
    except EvidenceError as error:
        log.add(
            checks.CERTIFICATE_NODES.failed(str(error), "A part of the tree is not a node of a hash tree.")
        )
        return None
    log.add(checks.CERTIFICATE_NODES.passed("all nodes", "Every node has one of the five exact shapes."))
    try:
        hash_tree.check_well_formed(certificate.tree)
        if certificate.delegation is not None:
            hash_tree.check_well_formed(certificate.delegation.certificate.tree)
    except EvidenceError as error:
        log.add(
            checks.CERTIFICATE_TREE.failed(str(error), "Two readers of this tree could see different things.")
        )
        return None
    log.add(checks.CERTIFICATE_TREE.passed("labels increase", "Every path leads to one place at most."))
    root = hash_tree.root_hash(certificate.tree)
    log.add(
        checks.CERTIFICATE_ROOT_HASH.passed(root.hex(), "The root hash was computed from the whole tree.")
    )
    return certificate


def _time_decision(certificate: Certificate, now_ns: int) -> Decision:
    check = checks.CERTIFICATE_TIME
    try:
        signed = time_of(certificate.tree)
    except EvidenceError as error:
        return check.failed(str(error), "The certificate does not say when it was signed.")
    if signed > now_ns + FUTURE_TOLERANCE_NS:
        return check.warned(
            time_text(signed),
            "It was signed in the future: this computer's clock, or the signer's, is wrong.",
        )
    return check.passed(time_text(signed), "It was signed in the past; how long ago does not matter.")
