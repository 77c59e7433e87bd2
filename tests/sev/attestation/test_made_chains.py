"""Chains and reports that no vector shows: VLEK, versions 3 and 5, Turin's layout, masked chips."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from auditkit.errors import EvidenceError
from auditkit.practice import attestation as making
from auditkit.sev.attestation import (
    RootKey,
    SigningKey,
    TcbLayout,
    check_chip_key,
    check_signature,
    parse_certificate,
    parse_report,
    parse_tcb,
    verify_chain,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CHIP = bytes(range(64))
TCB = {"1": 3, "2": 0, "3": 8, "8": 115}


def der(certificate: x509.Certificate):
    return parse_certificate(certificate.public_bytes(Encoding.DER))


@pytest.fixture(scope="module")
def authorities():
    ark = making._authority("ARK-Practice", None)
    return {name: making._authority(name, ark) for name in ("SEV-Practice", "SEV-VLEK-Practice")} | {
        "ark": ark
    }


@pytest.fixture(scope="module")
def root(authorities) -> RootKey:
    return RootKey("Practice", TcbLayout.MILAN, 64, der(authorities["ark"].certificate))


@pytest.fixture(scope="module")
def key():
    return generate_private_key(SECP384R1())


def leaf(key, issuer, name: str, *, hardware_id: bytes | None, numbers=None):
    builder = (
        x509.CertificateBuilder(making._name(issuer.name), making._name(name), key.public_key(), 7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    )
    values = {f"3.{place}": bytes([2, 1, number]) for place, number in (numbers or TCB).items()}
    if hardware_id is not None:
        values["4"] = hardware_id
    for place, value in values.items():
        oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.3704.1.{place}")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
    return der(making._signed(builder, issuer.key))


def report(key, *, version=2, flags=0, chip=CHIP, tcb=bytes([3, 0, 0, 0, 0, 0, 8, 115]), policy=0x30000):
    body = bytearray(0x2A0)
    struct.pack_into("<IIQ", body, 0, version, 0, policy)
    struct.pack_into("<II", body, 0x30, 0, 1)
    struct.pack_into("<I", body, 0x48, flags)
    body[0x180:0x188] = tcb
    body[0x1A0:0x1E0] = chip
    r, s = decode_dss_signature(key.sign(bytes(body), ECDSA(SHA384())))
    signature = r.to_bytes(72, "little") + s.to_bytes(72, "little")
    return parse_report(bytes(body) + signature.ljust(512, b"\0"))


def verified(leaf, issuer, root):
    return verify_chain((leaf, der(issuer.certificate)), (root,), NOW)


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_every_version_is_verified(version, key, authorities, root):
    chain = verified(
        leaf(key, authorities["SEV-Practice"], "SEV-VCEK", hardware_id=CHIP),
        authorities["SEV-Practice"],
        root,
    )
    made = report(key, version=version)
    check_signature(made, chain)
    assert str(check_chip_key(made, chain)) == "boot loader 3, TEE 0, SNP 8, microcode 115"


def test_a_vlek_names_no_chip(key, authorities, root):
    issuer = authorities["SEV-VLEK-Practice"]
    chain = verified(leaf(key, issuer, "SEV-VLEK", hardware_id=None), issuer, root)
    assert chain.signing_key is SigningKey.VLEK
    made = report(key, flags=SigningKey.VLEK << 2, chip=bytes(64))
    check_signature(made, chain)
    check_chip_key(made, chain)
    with pytest.raises(EvidenceError, match="another kind of key"):
        check_signature(report(key), chain)


@pytest.mark.parametrize(
    ("issuer", "name"),
    [("SEV-VLEK-Practice", "SEV-VCEK"), ("SEV-Practice", "SEV-VLEK"), ("SEV-Practice", "SEV-X")],
)
def test_a_key_of_the_wrong_authority_is_refused(issuer, name, key, authorities, root):
    with pytest.raises(EvidenceError, match=r"wrong authority|neither a VCEK"):
        verified(leaf(key, authorities[issuer], name, hardware_id=CHIP), authorities[issuer], root)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"chip": bytes(64)}, "masked"),
        ({"chip": CHIP[::-1]}, "another chip"),
        ({"tcb": bytes([3, 0, 0, 0, 0, 0, 8, 116])}, "another firmware version"),
        ({"tcb": bytes([3, 0, 1, 0, 0, 0, 8, 115])}, "not in the form of"),
    ],
)
def test_another_chip_or_firmware_is_refused(changes, told, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    chain = verified(leaf(key, issuer, "SEV-VCEK", hardware_id=CHIP), issuer, root)
    made = report(key, **changes)
    check_signature(made, chain)
    with pytest.raises(EvidenceError, match=told):
        check_chip_key(made, chain)


@pytest.mark.parametrize(
    ("hardware_id", "numbers"),
    [(None, None), (CHIP[:8], None), (CHIP, {"1": 3}), (CHIP, {"1": 3, "2": 0, "3": 8})],
)
def test_a_certificate_that_says_too_little_is_refused(hardware_id, numbers, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    chain = verified(leaf(key, issuer, "SEV-VCEK", hardware_id=hardware_id, numbers=numbers), issuer, root)
    with pytest.raises(EvidenceError, match=r"names no chip|says no version"):
        check_chip_key(report(key), chain)


def test_turin_has_its_own_layout_and_short_chip_ids(key, authorities, root):
    issuer = authorities["SEV-Practice"]
    turin = replace(root, layout=TcbLayout.TURIN, chip_id_bytes=8)
    numbers = {"9": 1, "1": 2, "2": 3, "3": 4, "8": 5}
    chain = verified(leaf(key, issuer, "SEV-VCEK", hardware_id=CHIP[:8], numbers=numbers), issuer, turin)
    tcb = bytes([1, 2, 3, 4, 0, 0, 0, 5])
    made = report(key, version=5, tcb=tcb, chip=CHIP[:8].ljust(64, b"\0"))
    check_signature(made, chain)
    assert check_chip_key(made, chain) == parse_tcb(tcb, TcbLayout.TURIN)
    with pytest.raises(EvidenceError, match="another chip"):
        check_chip_key(report(key, version=5, tcb=tcb, chip=CHIP[1:] + CHIP[:1]), chain)
