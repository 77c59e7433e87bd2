"""What is fuzzed of `auditkit.sev`: the firmware, certificates in DER, attestation reports."""

from __future__ import annotations

import struct
import tempfile
import warnings
from collections.abc import Callable
from datetime import UTC

from cryptography import x509
from sevsnpmeasure.ovmf import OVMF

from auditkit.errors import EvidenceError
from auditkit.sev import parse_firmware
from auditkit.sev.attestation import parse_certificate, parse_chain, parse_report, parse_table, split_report
from tests.fuzz.promises import hold

PAGE = 4096


def fuzz_firmware(data: bytes) -> None:
    """What is read can be measured, and is what sev-snp-measure reads."""
    image = bytes(-len(data) % PAGE) + data
    try:
        firmware = parse_firmware(image)
    except EvidenceError:
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(image)
        file.flush()
        other = OVMF(file.name)
    theirs = [(one.gpa, one.size, one.section_type_int) for one in other.metadata_items()]
    hold(theirs == [(one.gpa, one.size, int(one.type)) for one in firmware.sections], "the same sections")
    hold(other.sev_es_reset_eip() == firmware.reset_eip, "the same reset address")
    hold(other.sev_hashes_table_gpa() == firmware.hash_table_gpa, "the same place for the hashes")
    hold(other.gpa() == firmware.gpa, "the same place in memory")
    ends = [0, *(one.end for one in sorted(firmware.sections, key=lambda one: one.gpa)), firmware.gpa]
    begins = [one.gpa for one in sorted(firmware.sections, key=lambda one: one.gpa)]
    hold(all(end <= begin for end, begin in zip(ends, begins, strict=False)), "no two sections overlap")
    hold(ends == sorted(ends), "all sections lie below the firmware")


def fuzz_der(data: bytes) -> None:
    """A certificate says the same to cryptography, where that reads it too."""
    try:
        ours = parse_certificate(data)
    except EvidenceError:
        return
    hold(ours.raw == data, "it is the whole file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # AMD's have the serial number 0
            theirs = x509.load_der_x509_certificate(data)
            hold(ours.serial == theirs.serial_number, "the serial number")
            hold(ours.issuer == theirs.issuer.public_bytes(), "the issuer")
            hold(ours.subject == theirs.subject.public_bytes(), "the subject")
            hold(ours.not_before == theirs.not_valid_before_utc.astimezone(UTC), "the first moment")
            hold(ours.not_after == theirs.not_valid_after_utc.astimezone(UTC), "the last moment")
            hold(ours.signed == theirs.tbs_certificate_bytes, "what is signed")
            hold(ours.signature == theirs.signature, "the signature")
            hold(ours.public_key == theirs.public_key(), "the key")
            named = {one.oid.dotted_string: one for one in theirs.extensions}
    except ValueError:
        return
    hold(set(ours.extensions) == set(named), "the extensions")
    constraints = named.get("2.5.29.19")
    if constraints is not None:
        hold(ours.authority == constraints.value.ca, "whether it may issue others")
    usage = named.get("2.5.29.15")
    if usage is not None:
        hold(ours.signs_certificates == usage.value.key_cert_sign, "what its key may do")


def fuzz_attestation(data: bytes) -> None:
    """Of whatever form, a report is the same report when it is written down in another one; a chain is a chain."""
    try:
        chain = parse_chain(data)
        hold(parse_chain(b"".join(one.raw for one in chain)) == chain, "a chain in DER")
    except EvidenceError:
        pass
    try:
        raw, rest = split_report(data)
        report = parse_report(raw)
        table = parse_table(rest) if rest else []
    except EvidenceError:
        return
    hold(split_report(raw) == (raw, b""), "a report is its own form")
    hold(split_report(raw.hex().encode()) == (raw, b""), "hex digits")
    hold(all(one in rest for one in table), "certificates of the table")
    hold(report.measurement == raw[0x90:0xC0] and report.chip_id == raw[0x1A0:0x1E0], "its fields")
    hold(report.facts()["version"] == struct.unpack_from("<I", raw)[0], "its version")
    hold(str(report.policy).startswith(f"{report.policy.value:#x}: "), "its policy in words")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "firmware": fuzz_firmware,
    "der": fuzz_der,
    "attestation": fuzz_attestation,
}
