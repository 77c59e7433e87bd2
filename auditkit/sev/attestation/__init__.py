"""What does a running guest say of itself, and does AMD vouch for it? Attestation reports and their chains."""

from auditkit.sev.attestation.amd_roots import RootKey, amd_roots
from auditkit.sev.attestation.certificate import Certificate, parse_certificate
from auditkit.sev.attestation.certificate_file import parse_chain
from auditkit.sev.attestation.chain import VerifiedChain, check_chip_key, check_signature, verify_chain
from auditkit.sev.attestation.report import (
    REPORT_BYTES,
    AttestationReport,
    GuestPolicy,
    SigningKey,
    parse_report,
    split_report,
)
from auditkit.sev.attestation.tcb import TcbLayout, TcbVersion, certified_tcb, parse_tcb

__all__ = [
    "REPORT_BYTES",
    "AttestationReport",
    "Certificate",
    "GuestPolicy",
    "RootKey",
    "SigningKey",
    "TcbLayout",
    "TcbVersion",
    "VerifiedChain",
    "amd_roots",
    "certified_tcb",
    "check_chip_key",
    "check_signature",
    "parse_certificate",
    "parse_chain",
    "parse_report",
    "parse_tcb",
    "split_report",
    "verify_chain",
]
