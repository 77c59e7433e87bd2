"""Ten real reports of Milan, Genoa, Bergamo and Turin, and what peers changed in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditkit import checks
from auditkit.audit import decide_attestation
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.ic.governance import BlessedMeasurement
from auditkit.sev.attestation import (
    SigningKey,
    VerifiedChain,
    amd_roots,
    parse_certificate,
    parse_report,
    parse_tcb_floor,
)

NAMES = (
    "bergamo_v3_trustee",
    "bergamo_v5_bare",
    "genoa_v3_azure",
    "genoa_v3_routex",
    "genoa_v5_routex",
    "milan_v2_debug_gosev",
    "milan_v2_trustee",
    "milan_v3_azure",
    "milan_v3_vlek_aws_expired",
    "turin_v5_azure",
)


@pytest.fixture(scope="module")
def folder(vectors: Path) -> Path:
    return vectors / "attestation" / "real"


def facts(folder: Path, name: str):
    return json.loads((folder / f"{name}.json").read_text())


def blessing(raw: bytes) -> BlessAlternativeGuestOsVersion:
    """A proposal that names the chip and the guest of a report."""
    entry = BlessedMeasurement(raw[0x90:0xC0], None, None)
    return BlessAlternativeGuestOsVersion((raw[0x1A0:0x1E0],), "", (entry,))


def decide(folder: Path, name: str, report: bytes, *, chain: bytes | None = None, day: str = "", **asked):
    said = facts(folder, name)
    valid_until = datetime.fromisoformat(said["leaf_valid"][1])
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else valid_until - timedelta(days=1)
    chain = (folder / f"{name}.chain.pem").read_bytes() if chain is None else chain
    original = (folder / f"{name}.bin").read_bytes()
    return decide_attestation(
        report, chain, blessing(original), roots=amd_roots(), moment=moment, **asked
    ).decisions


def outcomes(decisions) -> dict[str, str]:
    return {one.id.removeprefix("attestation."): str(one.outcome) for one in decisions}


def first_failed(decisions) -> str | None:
    return next((one.id for one in decisions if one.outcome == "fail"), None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stage", ["vote", "recover"])
def test_each_real_report_is_decided_as_its_facts_say(name, stage, folder):
    raw = (folder / f"{name}.bin").read_bytes()
    said = facts(folder, name)
    old = "fail" if stage == "recover" else "warn"
    vlek = said["signing_key"] == "VLEK"
    assert outcomes(decide(folder, name, raw, stage=stage)) == {
        "report": "warn" if said["vmpl"] else "pass",
        "chain": "pass",
        "signature": "pass",
        "chip-key": "warn" if vlek else "pass",
        "chip": "fail" if not any(bytes.fromhex(said["chip_id"])) else "pass",
        "measurement": "pass",
        "policy": "fail" if said["expect"]["policy"] == "debug" else "pass",
        "version": old if said["version"] < 3 else "pass",
    }
    processor = parse_report(raw).processor
    assert said["cpuid"] == (
        None if processor is None else [processor.family, processor.model, processor.stepping]
    )


def test_a_turin_chip_id_of_8_bytes_and_56_zeros_is_no_masked_one(folder):
    raw = (folder / "turin_v5_azure.bin").read_bytes()
    assert raw[0x1A8:0x1E0] == bytes(56)
    decided = {one.id: one for one in decide(folder, "turin_v5_azure", raw)}
    assert decided[checks.ATTESTATION_CHIP_KEY.id].outcome == "pass"
    assert decided[checks.ATTESTATION_CHIP.id].outcome == "pass"


def test_a_masked_chip_fails_although_the_proposal_lists_64_zero_bytes(folder):
    raw = (folder / "milan_v3_vlek_aws_expired.bin").read_bytes()
    assert blessing(raw).chip_ids == (bytes(64),)
    decided = {one.id: one for one in decide(folder, "milan_v3_vlek_aws_expired", raw)}
    chip = decided[checks.ATTESTATION_CHIP.id]
    assert (chip.outcome, chip.observed) == ("fail", "a masked chip id")


def test_each_change_of_a_peer_fails_the_check_that_the_peer_names(folder):
    cases = json.loads((folder / "mutations.json").read_text())
    assert len(cases) >= 11
    for case in cases:
        raw = bytearray((folder / f"{case['base']}.bin").read_bytes())
        at = case.get("offset", 0)
        if "value" in case:
            value = bytes.fromhex(case["value"])
            raw[at : at + len(value)] = value
        elif "add" in case:
            raw[at] = (raw[at] + case["add"]) % 256
        elif "xor" in case:
            raw[at] ^= int(case["xor"], 16)
        elif "truncate" in case:
            del raw[case["truncate"] :]
        else:
            raw += bytes.fromhex(case["append"])
        decided = decide(folder, case["base"], bytes(raw), day=case.get("at", ""))
        assert first_failed(decided) == case["expect"], case["peer"]


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("genoa_v5_routex", 0x4C, 1),
        ("genoa_v5_routex", 0x18B, 1),
        ("genoa_v5_routex", 0x19F, 1),
        ("genoa_v5_routex", 0x1EB, 1),
        ("genoa_v5_routex", 0x1EF, 1),
        ("genoa_v5_routex", 0x208, 1),
        ("genoa_v5_routex", 0x29F, 1),
        ("genoa_v3_azure", 0x1F8, 1),
        ("genoa_v3_azure", 0x207, 1),
        ("milan_v2_trustee", 0x188, 0x19),
        ("milan_v2_trustee", 0x18A, 1),
        ("milan_v2_trustee", 0x207, 1),
        ("genoa_v5_routex", 0x30, 4),
        ("genoa_v5_routex", 0x33, 0xFF),
        ("genoa_v5_routex", 0x48, 0x20),
        ("genoa_v5_routex", 0x4B, 0x80),
        ("genoa_v5_routex", 0x48, 0x02),
        ("genoa_v5_routex", 0x48, 0x1C),
    ],
)
def test_what_amd_reserves_is_refused_before_the_signature_is_looked_at(name, at, value, folder):
    raw = bytearray((folder / f"{name}.bin").read_bytes())
    assert raw[at] == 0
    raw[at] = value
    assert first_failed(decide(folder, name, bytes(raw))) == "attestation.report"


@pytest.mark.parametrize(
    ("version", "at", "value"), [(4, 0x1F8, 1), (5, 0x207, 1), (3, 0x18A, 9), (3, 0x48, 1), (3, 0x40, 0x40)]
)
def test_what_a_version_gives_a_meaning_is_no_reserved_byte(version, at, value, folder):
    raw = bytearray((folder / "genoa_v3_azure.bin").read_bytes())
    raw[0], raw[at] = version, value
    assert first_failed(decide(folder, "genoa_v3_azure", bytes(raw))) == "attestation.signature"


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("behind", [b"x", bytes(100) + b"x", b"\x01" * 24, b"\x01" * 16 + bytes(32) + b"x"])
def test_what_follows_a_report_has_to_be_a_certificate_table(given, behind, folder):
    raw = (folder / "genoa_v5_routex.bin").read_bytes()
    chain = None if given else b""
    decided = decide(folder, "genoa_v5_routex", raw + behind, chain=chain)
    assert first_failed(decided) == "attestation.report"


def test_zeros_behind_a_report_are_padding(folder):
    raw = (folder / "genoa_v5_routex.bin").read_bytes()
    assert first_failed(decide(folder, "genoa_v5_routex", raw + bytes(2816))) is None


def test_a_key_for_another_firmware_of_the_chip_is_refused(folder):
    raw = (folder / "bergamo_v5_bare.bin").read_bytes()
    chain = (folder / "forms" / "bergamo_other_tcb.chain.pem").read_bytes()
    decided = decide(folder, "bergamo_v5_bare", raw, chain=chain, day="2027-01-01")
    assert first_failed(decided) == "attestation.signature"


def test_a_hardware_id_as_octet_string_is_read(folder):
    data = (folder / "forms" / "vcek_hwid_as_der_octet_string_unsigned.der").read_bytes()
    leaf = parse_certificate(data)
    milan, *_ = amd_roots()
    named = VerifiedChain(milan, milan.certificate, leaf, SigningKey.VCEK).hardware_id
    assert named is not None
    assert len(named) == 64
    assert b"\x04\x40" + named in data


def test_a_root_of_another_family_is_called_so(folder, vectors):
    raw = (folder / "turin_v5_azure.bin").read_bytes()
    chain = (folder / "turin_v5_azure.chain.pem").read_bytes()
    genoa = (vectors / "attestation" / "genoa_ark.pem").read_bytes()
    failed = next(
        one for one in decide(folder, "turin_v5_azure", raw, chain=chain + genoa) if one.outcome == "fail"
    )
    assert failed.id == "attestation.chain"
    assert failed.reason == (
        "The chain holds the root key ARK-Genoa, and its SEV-Turin is issued by ARK-Turin."
    )


@pytest.mark.parametrize(
    ("floor", "passes"),
    [
        ("snp=27", True),
        ("bootloader=10,tee=0,snp=27,microcode=88", True),
        ("snp=28", False),
        ("bootloader=11", False),
        ("microcode=89", False),
        ("fmc=0", False),
    ],
)
def test_the_lowest_firmware_that_is_accepted(floor, passes, folder):
    """The report states 0a 00 .. 1b 58: boot loader 10, TEE 0, SNP 27, microcode 88."""
    raw = (folder / "genoa_v5_routex.bin").read_bytes()
    decided = decide(folder, "genoa_v5_routex", raw, tcb_min=parse_tcb_floor(floor))
    assert first_failed(decided) == (None if passes else "attestation.chip-key")
    assert outcomes(decided)["chip"] == "pass"
