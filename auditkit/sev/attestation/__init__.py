"""What does a running guest say of itself, and does AMD vouch for it? Attestation reports and their chains."""

from auditkit.sev.attestation.amd_roots import RootKey, amd_roots
from auditkit.sev.attestation.certificate import Certificate, parse_certificate
from auditkit.sev.attestation.certificate_file import parse_chain, parse_table
from auditkit.sev.attestation.chain import VerifiedChain, check_chip_key, check_signature, verify_chain
from auditkit.sev.attestation.guest_policy import GuestPolicy
from auditkit.sev.attestation.report import (
    HOST_VMPL,
    REPORT_BYTES,
    AttestationReport,
    Processor,
    SigningKey,
    parse_report,
)
from auditkit.sev.attestation.report_file import split_report
from auditkit.sev.attestation.tcb import (
    TcbFloor,
    TcbLayout,
    TcbVersion,
    certified_tcb,
    parse_tcb,
    parse_tcb_floor,
)

__all__ = [
    "HOST_VMPL",
    "REPORT_BYTES",
    "AttestationReport",
    "Certificate",
    "GuestPolicy",
    "Processor",
    "RootKey",
    "SigningKey",
    "TcbFloor",
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
    "parse_table",
    "parse_tcb",
    "parse_tcb_floor",
    "split_report",
    "verify_chain",
]
