"""Every field of a report from its own place, and every value that it cannot have (AMD publication 56860)."""

from __future__ import annotations

import pytest
from chains import report_bytes

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import (
    HOST_VMPL,
    AttestationReport,
    GuestPolicy,
    Processor,
    SigningKey,
    TcbLayout,
    TcbVersion,
    parse_report,
    parse_tcb,
)


def refusal(raw: bytes) -> tuple[str, str, str]:
    with pytest.raises(EvidenceError) as raised:
        parse_report(raw)
    return raised.value.what, raised.value.expected, raised.value.observed


def patched(at: int, value: bytes, **changes) -> bytes:
    raw = bytearray(report_bytes(**changes))
    raw[at : at + len(value)] = value
    return bytes(raw)


FIELDS = (
    (0x04, "guest_svn", (0x01020304).to_bytes(4, "little")),
    (0x08, "policy", (0x30001).to_bytes(8, "little")),
    (0x30, "vmpl", b"\2\0\0\0"),
    (0x38, "current_tcb", b"\x11" * 8),
    (0x50, "report_data", b"\x12" * 63 + b"\x13"),
    (0x90, "measurement", b"\x14" * 47 + b"\x15"),
    (0xC0, "host_data", b"\x16" * 31 + b"\x17"),
    (0xE0, "id_key_digest", b"\x18" * 47 + b"\x19"),
    (0x110, "author_key_digest", b"\x1a" * 47 + b"\x1b"),
    (0x180, "reported_tcb", b"\x1c" * 8),
    (0x188, "processor", bytes([0x19, 0x11, 2])),
    (0x1A0, "chip_id", b"\x1d" * 63 + b"\x1e"),
    (0x1E0, "committed_tcb", b"\x1f" * 8),
    (0x1F0, "launch_tcb", b"\x20" * 8),
)


def filled(version: int = 5) -> bytes:
    """A report in which every field has another value, and every byte between them is zero."""
    raw = bytearray(1184)
    raw[0], raw[0x34] = version, 1
    for at, _, value in FIELDS:
        raw[at : at + len(value)] = value
    raw[0x2A0 : 0x2A0 + 48] = b"\x21" + bytes(46) + b"\x22"
    raw[0x2E8 : 0x2E8 + 48] = b"\x23" + bytes(46) + b"\x24"
    return bytes(raw)


def test_every_field_is_read_from_its_place():
    raw = filled()
    assert parse_report(raw) == AttestationReport(
        raw=raw,
        version=5,
        guest_svn=0x01020304,
        policy=GuestPolicy(0x30001),
        vmpl=2,
        signing_key=SigningKey.VCEK,
        author_key=False,
        reported_tcb=b"\x1c" * 8,
        current_tcb=b"\x11" * 8,
        committed_tcb=b"\x1f" * 8,
        launch_tcb=b"\x20" * 8,
        report_data=b"\x12" * 63 + b"\x13",
        measurement=b"\x14" * 47 + b"\x15",
        host_data=b"\x16" * 31 + b"\x17",
        id_key_digest=b"\x18" * 47 + b"\x19",
        author_key_digest=b"\x1a" * 47 + b"\x1b",
        processor=Processor(0x19, 0x11, 2),
        chip_id=b"\x1d" * 63 + b"\x1e",
        signature=(0x21 | 0x22 << 376, 0x23 | 0x24 << 376),
    )
    assert parse_report(raw).signed == raw[:0x2A0]


@pytest.mark.parametrize("place", range(len(FIELDS)), ids=[name for _, name, _ in FIELDS])
def test_a_field_changes_with_its_own_bytes_alone(place):
    at, name, value = FIELDS[place]
    raw = bytearray(filled())
    for position in (at, at + len(value) - 1):
        if name == "vmpl":
            continue
        raw[position] ^= 0x40
    if name == "vmpl":
        raw[at] = 1
    before, after = parse_report(filled()), parse_report(bytes(raw))
    changed = {
        field
        for field in AttestationReport.__dataclass_fields__
        if getattr(before, field) != getattr(after, field)
    }
    assert changed == {"raw", name}


def test_the_facts_are_for_a_reader():
    assert parse_report(filled()).facts() == {
        "version": 5,
        "measurement": "14" * 47 + "15",
        "chip_id": "1d" * 63 + "1e",
        "processor": "family 25, model 17, stepping 2",
        "report_data": "12" * 63 + "13",
        "host_data": "16" * 31 + "17",
        "id_key_digest": "18" * 47 + "19",
        "author_key_digest": "1a" * 47 + "1b",
        "guest_policy": "0x30001",
        "vmpl": 2,
        "signing_key": "VCEK",
    }
    assert parse_report(report_bytes(flags=1 << 2)).facts()["signing_key"] == "VLEK"
    assert parse_report(report_bytes()).facts()["processor"] == "not stated"


@pytest.mark.parametrize(("version", "stated"), [(2, False), (3, True), (4, True), (5, True)])
def test_the_processor_is_stated_from_version_3_on(version, stated):
    assert (parse_report(report_bytes(version=version)).processor is not None) is stated


@pytest.mark.parametrize("size", [0, 1183, 1185, 4096])
def test_another_length_is_refused(size):
    assert refusal(filled()[:size].ljust(size, b"\0")) == (
        "an attestation report has another length",
        "1184 bytes",
        f"{size} bytes",
    )


@pytest.mark.parametrize("version", [0, 1, 6, 0x02000000, 0xFFFFFFFF])
def test_another_version_is_refused(version):
    assert refusal(report_bytes(version=version)) == (
        "the attestation report is of a version that auditkit does not know",
        "2, 3, 4 or 5",
        str(version),
    )


@pytest.mark.parametrize("algorithm", [0, 2, 0x0100, 0xFFFFFFFF])
def test_another_algorithm_is_refused(algorithm):
    assert refusal(report_bytes(algorithm=algorithm)) == (
        "the attestation report is not signed with ECDSA P-384",
        "1",
        str(algorithm),
    )


@pytest.mark.parametrize("vmpl", [0, 1, 2, 3, HOST_VMPL])
def test_privilege_levels(vmpl):
    assert parse_report(report_bytes(vmpl=vmpl)).vmpl == vmpl


@pytest.mark.parametrize("vmpl", [4, 255, 0x80000000, 0xFFFFFFFE])
def test_another_privilege_level_is_refused(vmpl):
    assert refusal(report_bytes(vmpl=vmpl)) == (
        "the attestation report was asked for at a privilege level that does not exist",
        "0 to 3, or 0xffffffff for the host",
        f"{vmpl:#x}",
    )


@pytest.mark.parametrize(
    ("flags", "signing_key", "author_key"),
    [
        (0b00000, SigningKey.VCEK, False),
        (0b00001, SigningKey.VCEK, True),
        (0b00100, SigningKey.VLEK, False),
        (0b00101, SigningKey.VLEK, True),
        (0b00110, SigningKey.VLEK, False),  # the host masks the chip's key, and another one signed
    ],
)
def test_the_key_information(flags, signing_key, author_key):
    report = parse_report(report_bytes(flags=flags))
    assert (report.signing_key, report.author_key) == (signing_key, author_key)


@pytest.mark.parametrize("bit", [5, 6, 16, 31])
def test_the_key_information_has_five_bits(bit):
    assert refusal(report_bytes(flags=1 << bit)) == (
        "the attestation report sets bits about its key to which AMD gives no meaning",
        "zeros in bits 5 to 31 at 0x48",
        f"{1 << bit:#x}",
    )


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 7])
def test_a_report_that_neither_key_signed_is_refused(number):
    why = ": the host keeps the chip's key masked, and nobody signed it" if number == 7 else ""
    assert refusal(report_bytes(flags=number << 2)) == (
        f"the attestation report is signed by neither VCEK nor VLEK{why}",
        "0 or 1 in bits 2 to 4 at 0x48",
        str(number),
    )


@pytest.mark.parametrize("flags", [0b10, 0b11])
def test_a_masked_key_signs_nothing(flags):
    assert refusal(report_bytes(flags=flags)) == (
        "the attestation report says that its host keeps the chip's key masked, and that this key signed it",
        "zero in bit 1 at 0x48",
        f"{flags:#x}",
    )


ALWAYS = ((0x4C, 0x4F), (0x18B, 0x19F), (0x1EB, 0x1EB), (0x1EF, 0x1EF), (0x208, 0x29F))
EARLIER = ((0x188, 0x18A, (2,)), (0x1F8, 0x207, (2, 3)))


@pytest.mark.parametrize("version", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("first", "last"), [*ALWAYS, *((first, last) for first, last, _ in EARLIER)], ids=lambda at: f"{at:#x}"
)
@pytest.mark.parametrize("end", ["first", "last"])
def test_reserved_bytes_are_zero(version, first, last, end):
    raw = patched(first if end == "first" else last, b"\1", version=version)
    before = {(begin, until): versions for begin, until, versions in EARLIER}
    if version in before.get((first, last), (2, 3, 4, 5)):
        content = raw[first : last + 1].hex()[:64]
        assert refusal(raw) == (
            f"bytes that a report of version {version} leaves zero are not zero",
            f"zeros from {first:#x} to {last:#x}",
            content,
        )
    else:
        assert parse_report(raw).version == version


@pytest.mark.parametrize(
    "at", [0x40, 0x47, 0x140, 0x16F, 0x170, 0x17F, 0x1E8, 0x1EA, 0x1EC, 0x1EE], ids=lambda at: f"{at:#x}"
)
@pytest.mark.parametrize("version", [2, 5])
def test_bytes_beside_the_reserved_ones_may_be_anything(version, at):
    """Platform information, report ids, and the numbers of the current and the committed firmware."""
    assert parse_report(patched(at, b"\1", version=version)).version == version


@pytest.mark.parametrize("at", [0x2A0 + 48, 0x2A0 + 71, 0x2E8 + 48, 0x2E8 + 71, 0x330, 0x49F])
def test_the_bytes_behind_the_numbers_of_a_signature_are_zero(at):
    assert refusal(patched(at, b"\1"))[0] == (
        "bytes after the signature of the attestation report are not zero"
    )


@pytest.mark.parametrize("at", [0x2A0, 0x2A0 + 47, 0x2E8, 0x2E8 + 47])
def test_the_numbers_of_a_signature_have_48_bytes(at):
    assert parse_report(patched(at, b"\1")).signature != (0, 0)


# The guest policy


@pytest.mark.parametrize(
    ("bit", "name"), [(16, "smt"), (18, "migration"), (19, "debug"), (20, "single_socket")]
)
def test_each_bit_of_the_policy(bit, name):
    told = {"smt": False, "migration": False, "debug": False, "single_socket": False}
    policy = GuestPolicy(1 << bit)
    assert {each: getattr(policy, each) for each in told} == {**told, name: True}
    policy = GuestPolicy((1 << 64) - 1 ^ 1 << bit)
    assert {each: getattr(policy, each) for each in told} == {**dict.fromkeys(told, True), name: False}


@pytest.mark.parametrize(
    ("value", "well_formed"),
    [(1 << 17, True), (1 << 26, False), (0, False), ((1 << 26) - 1, True), ((1 << 26) - 1 ^ 1 << 17, False)]
    + [(1 << 17 | 1 << bit, False) for bit in (26, 27, 40, 63)]
    + [(1 << 17 | 1 << bit, True) for bit in (0, 15, 21, 25)],
)
def test_a_well_formed_policy(value, well_formed):
    assert GuestPolicy(value).well_formed is well_formed


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0x30000, "0x30000: debug off, migration off, SMT allowed, single socket not demanded"),
        (0x20000, "0x20000: debug off, migration off, SMT not allowed, single socket not demanded"),
        (0xA0000, "0xa0000: debug on, migration off, SMT not allowed, single socket not demanded"),
        (0x60000, "0x60000: debug off, migration on, SMT not allowed, single socket not demanded"),
        (0x120000, "0x120000: debug off, migration off, SMT not allowed, single socket demanded"),
    ],
)
def test_the_policy_in_words(value, told):
    assert str(GuestPolicy(value)) == told


# The firmware's version


def test_the_two_layouts_of_the_firmware_version():
    assert parse_tcb(bytes([1, 2, 0, 0, 0, 0, 3, 4]), TcbLayout.MILAN) == TcbVersion(1, 2, 3, 4)
    assert parse_tcb(bytes([5, 1, 2, 3, 0, 0, 0, 4]), TcbLayout.TURIN) == TcbVersion(1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("layout", "free"),
    [(TcbLayout.MILAN, (2, 3, 4, 5)), (TcbLayout.TURIN, (4, 5, 6))],
    ids=["Milan", "Turin"],
)
@pytest.mark.parametrize("at", range(8))
def test_a_reserved_byte_of_the_firmware_version_is_zero(layout, free, at):
    data = bytes(at) + b"\1" + bytes(7 - at)
    if at not in free:
        assert parse_tcb(data, layout) != parse_tcb(bytes(8), layout)
        return
    with pytest.raises(EvidenceError) as raised:
        parse_tcb(data, layout)
    assert raised.value.what == f"the firmware version of the report is not in the form of {layout.value}"
    assert raised.value.observed == data.hex()


@pytest.mark.parametrize("size", [0, 7, 9])
def test_the_firmware_version_has_eight_bytes(size):
    with pytest.raises(EvidenceError, match="not in the form of Milan and Genoa"):
        parse_tcb(bytes(size), TcbLayout.MILAN)


def test_the_firmware_version_in_words():
    assert str(TcbVersion(1, 2, 3, 4)) == "boot loader 1, TEE 2, SNP 3, microcode 4"
    assert str(TcbVersion(1, 2, 3, 4, 0)) == "FMC 0, boot loader 1, TEE 2, SNP 3, microcode 4"


def test_processors_in_words():
    assert str(Processor(26, 2, 1)) == "family 26, model 2, stepping 1"


@pytest.mark.parametrize(
    ("chip", "masked"), [(bytes(64), True), (bytes(63) + b"\1", False), (b"\1" + bytes(63), False)]
)
def test_a_masked_chip(chip, masked):
    assert parse_report(report_bytes(chip=chip)).masked is masked
