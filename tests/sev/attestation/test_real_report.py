"""AMD's own chain and a real Milan report: verified to the root, and refused after any change."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import ROOT

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import (
    SigningKey,
    TcbLayout,
    amd_roots,
    certified_tcb,
    check_chip_key,
    check_signature,
    parse_certificate,
    parse_chain,
    parse_report,
    split_report,
    verify_chain,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(vectors: Path) -> Path:
    return vectors / "attestation"


@pytest.fixture(scope="module")
def raw(folder: Path) -> bytes:
    return bytes.fromhex((folder / "report_milan.hex").read_text())


@pytest.fixture(scope="module")
def chain_pem(folder: Path) -> bytes:
    return (folder / "milan_ask.pem").read_bytes() + (folder / "milan_ark.pem").read_bytes()


@pytest.fixture(scope="module")
def vcek(folder: Path) -> bytes:
    return (folder / "vcek_milan.der").read_bytes()


@pytest.fixture(scope="module")
def ders(vcek: bytes, chain_pem: bytes) -> tuple[bytes, ...]:
    return (vcek, *(one.raw for one in parse_chain(chain_pem)))


def verify(report: bytes, ders: tuple[bytes, ...], when: datetime = NOW):
    parsed = parse_report(report)
    chain = verify_chain([parse_certificate(one) for one in ders], amd_roots(), when)
    check_signature(parsed, chain)
    check_chip_key(parsed, chain)
    return parsed, chain


def test_the_real_report_leads_to_the_root_key(raw, ders):
    report, chain = verify(raw, ders)
    assert str(chain) == "SEV-VCEK ← SEV-Milan ← ARK-Milan"
    assert report.version == 2
    assert report.signing_key is SigningKey.VCEK
    # as `xxd` shows the file at 0x90 and 0x1a0
    assert report.measurement.hex().startswith("7a1e5c266c0108dbc9bb94fa92695132")
    assert report.chip_id.hex().startswith("d49554ec717f4e5b0fe6b143bcf0405b")
    assert report.policy.value == 0x30000
    assert not report.policy.debug
    assert not report.policy.migration
    assert report.policy.smt
    assert not report.policy.single_socket
    assert chain.leaf.serial == 0


def test_the_firmware_version_is_the_one_that_openssl_shows(raw, ders):
    _, chain = verify(raw, ders)
    tcb = certified_tcb(chain.leaf, TcbLayout.MILAN)
    assert (tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode) == (3, 0, 8, 0x73)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_every_flipped_bit_of_the_report_is_refused(seed, raw, ders):
    noise = random.Random(seed)
    for bit in noise.sample(range(len(raw) * 8), 400):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(EvidenceError):
            verify(bytes(changed), ders)


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_flipped_bit_of_the_chain_is_refused(place, raw, ders):
    noise = random.Random(place)
    der = ders[place]
    for bit in noise.sample(range(len(der) * 8), 500):
        changed = bytearray(der)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(EvidenceError):
            verify(raw, (*ders[:place], bytes(changed), *ders[place + 1 :]))


def test_every_flipped_bit_of_the_pem_text_is_refused(raw, vcek, chain_pem):
    noise = random.Random(9)
    for bit in noise.sample(range(len(chain_pem) * 8), 500):
        changed = bytearray(chain_pem)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(EvidenceError):
            verify(raw, (vcek, *(one.raw for one in parse_chain(bytes(changed)))))


def test_the_root_may_be_left_out_and_the_order_is_free(raw, ders):
    verify(raw, ders[:2])
    verify(raw, ders[::-1])


@pytest.mark.parametrize("kept", [(0,), (1,), (2,), (0, 2), (1, 2), (0, 0, 1), (0, 1, 1), (0, 1, 2, 2)])
def test_a_chain_with_a_missing_or_spare_certificate_is_refused(kept, raw, ders):
    with pytest.raises(EvidenceError):
        verify(raw, tuple(ders[place] for place in kept))


def test_a_chain_of_another_family_is_refused(raw, ders, folder):
    genoa = parse_chain((folder / "genoa_ask.pem").read_bytes())[0].raw
    with pytest.raises(EvidenceError, match="names another issuer"):
        verify(raw, (ders[0], genoa))
    turin = (folder / "vcek_turin.der").read_bytes()
    ask = parse_chain((folder / "turin_ask.pem").read_bytes())[0].raw
    with pytest.raises(EvidenceError, match="not signed by the key"):
        verify(raw, (turin, ask))


def test_a_chip_key_of_turin_is_read_in_its_own_layout(folder):
    leaf = parse_certificate((folder / "vcek_turin.der").read_bytes())
    ask = parse_chain((folder / "turin_ask.pem").read_bytes())
    chain = verify_chain((leaf, *ask), amd_roots(), NOW)
    assert chain.hardware_id == bytes.fromhex("1e550a8ee5cf9f4d")  # as openssl asn1parse shows it
    assert certified_tcb(leaf, chain.root.layout).fmc == 0


@pytest.mark.parametrize("year", [2019, 2022, 2031, 2050])
def test_certificates_have_to_be_valid(year, raw, ders):
    with pytest.raises(EvidenceError, match=r"expired|not valid yet"):
        verify(raw, ders, datetime(year, 1, 1, tzinfo=UTC))


def test_the_shipped_roots_are_those_of_the_vectors(folder):
    for root in amd_roots():
        (vector,) = parse_chain((folder / f"{root.family.lower()}_ark.pem").read_bytes())
        assert vector.raw == root.certificate.raw
        assert (ROOT / "auditkit/sev/attestation/roots" / f"{root.family.lower()}_ark.pem").is_file()


def table(ders: tuple[bytes, ...], *, little_endian: bool) -> bytes:
    from uuid import UUID

    names = (
        "63da758d-e664-4564-adc5-f4b93be8accd",
        "4ab7b379-bbac-4fe4-a02f-05aef327c782",
        "c0b406a4-a803-4952-9743-3fb6014cd0ae",
    )
    head, body = b"", b""
    for name, content in zip(names, ders, strict=True):
        guid = UUID(name).bytes_le if little_endian else UUID(name).bytes
        offset = 24 * 4 + len(body)
        head += guid + offset.to_bytes(4, "little") + len(content).to_bytes(4, "little")
        body += content
    return head + bytes(24) + body


@pytest.mark.parametrize("little_endian", [False, True])
def test_a_report_with_its_certificate_table_is_read(little_endian, raw, ders):
    extended = raw + table(ders, little_endian=little_endian)
    response = (0).to_bytes(4, "little") + (1184).to_bytes(4, "little") + bytes(24)
    for data in (extended, response + extended, extended.hex().encode(), response + raw):
        report, rest = split_report(data)
        assert report == raw
        if rest:
            assert tuple(one.raw for one in parse_chain(rest)) == ders


def test_der_certificates_may_follow_each_other(ders):
    assert tuple(one.raw for one in parse_chain(b"".join(ders))) == ders


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1183,
        b"abc",
        b"zz" * 1184,
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\x30\x82\xff\xff",
        b"\x30" * 5000,
        b"\xff" * 5000,
        bytes(5000),
        b"-----BEGIN CERTIFICATE-----\n" * 5000,
    ],
)
def test_rubbish_is_refused(data):
    with pytest.raises(EvidenceError):
        parse_report(split_report(data)[0])
    with pytest.raises(EvidenceError):
        parse_chain(data)


@pytest.mark.parametrize(
    ("at", "value", "told"),
    [
        (0, b"\x01", "version"),
        (0, b"\x06", "version"),
        (0x34, b"\x02", "ECDSA"),
        (0x48, b"\x1c", "VCEK nor VLEK"),
        (0x2A0 + 48, b"\x01", "not zero"),
        (0x49F, b"\x01", "not zero"),
    ],
)
def test_a_report_of_another_form_is_refused(at, value, told, raw):
    with pytest.raises(EvidenceError, match=told):
        parse_report(raw[:at] + value + raw[at + 1 :])


@pytest.mark.parametrize("version", [3, 4, 5])
def test_later_versions_have_the_same_places(version, raw):
    report = parse_report(bytes([version]) + raw[1:])
    assert report.version == version
    assert report.measurement == raw[0x90:0xC0]
