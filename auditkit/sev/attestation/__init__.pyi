from .certificate import Certificate, parse_certificate
from .certificate_file import parse_chain, parse_table
from .chain import VerifiedChain, check_chip_key, check_signature, verify_chain
from .guest_policy import GuestPolicy
from .report import HOST_VMPL, REPORT_BYTES, AttestationReport, Processor, SigningKey, parse_report
from .report_file import split_report
from .root_keys import RootKey, amd_roots
from .tcb import TcbFloor, TcbLayout, TcbVersion, certified_tcb, parse_tcb, parse_tcb_floor

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
