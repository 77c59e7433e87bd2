"""From the key that signed a report to AMD's root key.

Source: AMD publication 57230: ARK (self-signed) signs ASK and ASVK; ASK signs each chip's VCEK, ASVK each cloud
provider's VLEK. Every certificate in the file has to have its place; only ASVK may stand beside ASK, as in bundles of
both chains of AMD's key distribution service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.certificate import Certificate
from auditkit.sev.attestation.der import OCTET_STRING
from auditkit.sev.attestation.report import AttestationReport, SigningKey
from auditkit.sev.attestation.root_keys import RootKey
from auditkit.sev.attestation.tcb import TcbVersion, certified_tcb, parse_tcb

_HARDWARE_ID: Final = "1.3.6.1.4.1.3704.1.4"
_LEAF_NAMES: Final = {"SEV-VCEK": SigningKey.VCEK, "SEV-VLEK": SigningKey.VLEK}
_ISSUER_NAMES: Final = {SigningKey.VCEK: "SEV-", SigningKey.VLEK: "SEV-VLEK-"}


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """A chain that leads to a root key.

    Attributes:
        root: the root key it leads to.
        intermediate: ASK or ASVK.
        leaf: VCEK or VLEK.
        signing_key: which of the two.
    """

    root: RootKey
    intermediate: Certificate
    leaf: Certificate
    signing_key: SigningKey

    @property
    def hardware_id(self) -> bytes | None:
        """The chip that a VCEK is the key of: 64 bytes, from Turin on 8, written plainly or as a DER OCTET STRING.

        None when the certificate says none in either form, as a VLEK.
        """
        value = self.leaf.extensions.get(_HARDWARE_ID, b"")
        length = self.root.chip_id_bytes
        if value[:2] == bytes([OCTET_STRING, length]):
            value = value[2:]
        return value if len(value) == length else None

    def __str__(self) -> str:
        return (
            f"{self.leaf.common_name} ← {self.intermediate.common_name} ← {self.root.certificate.common_name}"
        )


def verify_chain(
    certificates: Sequence[Certificate], roots: Sequence[RootKey], moment: datetime
) -> VerifiedChain:
    """Verifies that the certificates lead from one leaf to one of the roots, all of them valid at a moment.

    Args:
        certificates: leaf, intermediate and, if it is there, the root, in any order.
        roots: who may be at the end.
        moment: when they have to be valid, in UTC.

    Raises:
        EvidenceError: a certificate is missing or has no place, a signature is wrong, the root is none of
            ``roots``, or a certificate is not valid.
    """
    leaves = [one for one in certificates if isinstance(one.public_key, EllipticCurvePublicKey)]
    issuers = [one for one in certificates if one not in leaves]
    given_roots = [one for one in issuers if one.issuer == one.subject]
    intermediates = [one for one in issuers if one not in given_roots]
    if len(leaves) != 1 or len(intermediates) not in (1, 2) or len(given_roots) > 1:
        raise _no_chain(certificates)
    (leaf,) = leaves
    intermediate, *beside = sorted(intermediates, key=lambda one: one.subject != leaf.issuer)
    root = _root(intermediate, roots)
    if given_roots and given_roots[0].raw != root.certificate.raw:
        raise _other_root(given_roots[0], intermediate, root)
    if leaf.common_name not in _LEAF_NAMES:
        raise EvidenceError(
            "the chain's key is neither a VCEK nor a VLEK",
            expected="SEV-VCEK or SEV-VLEK",
            observed=leaf.common_name,
        )
    if leaf.authority or leaf.signs_certificates:
        raise EvidenceError(
            f"the certificate of {leaf.common_name} is that of an authority, and no chip's key issues certificates"
        )
    signing_key = _LEAF_NAMES[leaf.common_name]
    wanted = _ISSUER_NAMES[signing_key] + root.family
    if intermediate.common_name != wanted:
        raise EvidenceError(
            "the chain's key is issued by the wrong authority",
            expected=wanted,
            observed=intermediate.common_name,
        )
    root.certificate.check_issued_by(root.certificate)
    intermediate.check_issued_by(root.certificate)
    leaf.check_issued_by(intermediate)
    for other in beside:
        if {other.common_name, wanted} != {name + root.family for name in _ISSUER_NAMES.values()}:
            raise _no_chain(certificates)
        other.check_issued_by(root.certificate)
    for certificate in (leaf, intermediate, root.certificate):
        certificate.check_valid_at(moment)
    return VerifiedChain(root, intermediate, leaf, signing_key)


def _no_chain(certificates: Sequence[Certificate]) -> EvidenceError:
    return EvidenceError(
        "the chain is not made of a chip key, its issuer and a root key",
        expected="VCEK, ASK, ARK (or VLEK, ASVK, ARK); ARK may be left out",
        observed=", ".join(one.common_name for one in certificates),
    )


def _other_root(given: Certificate, intermediate: Certificate, root: RootKey) -> EvidenceError:
    if given.subject != root.certificate.subject:
        return EvidenceError(
            f"the chain holds the root key {given.common_name}, and its {intermediate.common_name} is issued by "
            f"{root.certificate.common_name}",
            expected=root.certificate.common_name,
            observed=given.common_name,
        )
    return EvidenceError(
        f"the root key in the chain has the name {root.certificate.common_name} and is another",
        expected=root.certificate.fingerprint,
        observed=given.fingerprint,
    )


def _root(intermediate: Certificate, roots: Sequence[RootKey]) -> RootKey:
    for root in roots:
        if root.certificate.subject == intermediate.issuer:
            return root
    raise EvidenceError(
        "the chain does not lead to a root key of AMD",
        expected=" or ".join(root.certificate.common_name for root in roots),
        observed=intermediate.issuer_common_name,
    )


def check_signature(report: AttestationReport, chain: VerifiedChain) -> None:
    """Makes sure that the chain's key signed the report.

    Raises:
        EvidenceError: it did not, or the report says that a key of another kind did.
    """
    if report.signing_key is not chain.signing_key:
        raise EvidenceError(
            "the chain is for another kind of key than the one that signed the report",
            expected=report.signing_key.name,
            observed=chain.signing_key.name,
        )
    key = chain.leaf.public_key
    if not isinstance(key, EllipticCurvePublicKey):
        raise EvidenceError("the chain's key cannot sign reports")
    try:
        key.verify(encode_dss_signature(*report.signature), report.signed, ECDSA(SHA384()))
    except InvalidSignature:
        raise EvidenceError("the report is not signed by the key of this chain") from None


def check_chip_key(report: AttestationReport, chain: VerifiedChain) -> TcbVersion:
    """Makes sure that the chain's key is the one of the report's chip and firmware.

    Returns:
        The firmware version on which both agree.

    Raises:
        EvidenceError: the certificate names another chip, another firmware or another family of processors, or the
            host masks the chip.
    """
    processor, family = report.processor, chain.root.family
    if processor is not None and (processor.family, processor.model) not in chain.root.processors:
        raise EvidenceError(
            f"the report is of a processor that the root key for {family} does not vouch for",
            expected=f"a processor of the family {family}",
            observed=str(processor),
        )
    for stated in (report.current_tcb, report.committed_tcb, report.launch_tcb):
        parse_tcb(stated, chain.root.layout)
    reported = parse_tcb(report.reported_tcb, chain.root.layout)
    certified = certified_tcb(chain.leaf, chain.root.layout)
    if reported != certified:
        raise EvidenceError(
            "the chip's key is for another firmware version than the report states",
            expected=str(certified),
            observed=str(reported),
        )
    if chain.signing_key is SigningKey.VLEK:
        return reported
    named = chain.hardware_id
    if named is None:
        raise EvidenceError("the certificate of the chip's key names no chip")
    if report.masked:
        raise EvidenceError(
            "the chip id of the report is masked: the host hides which chip this is, so that nobody can tell whether "
            "the key that signed it is the chip's",
            expected=named.hex(),
            observed="a masked chip id (64 zero bytes)",
        )
    # What follows a short id is signed, and the proposal names all of it.
    if report.chip_id[: len(named)] != named:
        raise EvidenceError(
            "the report names another chip than the certificate of the key that signed it",
            expected=named.hex(),
            observed=report.chip_id.hex(),
        )
    return reported
