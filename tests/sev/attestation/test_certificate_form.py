"""One broken rule in an otherwise good certificate, and the sentence that names it (RFC 5280, RFC 4055, X.690)."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

import pytest
from chains import (
    AMD,
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    MGF1_OID,
    NULL,
    PKCS1_SHA384,
    PSS_OID,
    SHA256_OID,
    SHA384_OID,
    TRUE,
    amd_extensions,
    certificate,
    extension,
    hash_name,
    integer,
    key_bytes,
    name,
    oid,
    pss,
    sequence,
    tlv,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP521R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import parse_certificate

FALSE = tlv(1, b"\0")
ATTRIBUTE = oid("2.5.4.3")


def refusal(raw: bytes) -> str:
    with pytest.raises(EvidenceError) as raised:
        parse_certificate(raw)
    begin = "a certificate cannot be read: "
    assert raised.value.what.startswith(begin)
    return raised.value.what.removeprefix(begin)


@pytest.fixture(scope="module")
def public(key):
    return key.public_key()


def test_a_good_one_is_read_as_cryptography_reads_it(public):
    raw = certificate(public, serial=integer(5))
    ours, theirs = parse_certificate(raw), x509.load_der_x509_certificate(raw)
    assert ours.raw == raw
    assert ours.signed == theirs.tbs_certificate_bytes
    assert ours.signature == theirs.signature == bytes(512)
    assert ours.serial == theirs.serial_number == 5
    assert (ours.issuer, ours.subject) == (theirs.issuer.public_bytes(), theirs.subject.public_bytes())
    assert (ours.common_name, ours.issuer_common_name) == ("SEV-VCEK", "SEV-Practice")
    assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
    assert key_bytes(ours.public_key) == key_bytes(theirs.public_key())
    assert {found.oid.dotted_string: found.value.value for found in theirs.extensions} == ours.extensions
    assert (ours.authority, ours.signs_certificates) == (False, None)
    assert ours.fingerprint == theirs.fingerprint(SHA256()).hex()


def test_the_largest_size_is_16_kib(public):
    short = len(certificate(public, extensions=amd_extensions({}, None, extension(f"{AMD}9", bytes(9000)))))

    def sized(size: int) -> bytes:
        filler = extension(f"{AMD}9", bytes(9000 + size - short))
        return certificate(public, extensions=amd_extensions({}, None, filler))

    assert len(sized(16_384)) == 16_384
    parse_certificate(sized(16_384))
    with pytest.raises(EvidenceError) as raised:
        parse_certificate(sized(16_385))
    assert raised.value.what == "a certificate is larger than any of AMD's"
    assert raised.value.observed == "16385 bytes"


TAG = "this is not DER: an element has the tag {:#04x} where {:#04x} is required"
ALGORITHM = "its signature does not use SHA-384 with a salt of 48 bytes"
PARAMETERS = "the parameters of its signature are not AMD's"
ONE_VALUE = "a field does not hold one value"
CRITICAL = "the extension {} is critical, and auditkit does not know it"
TIME = "a time is not in UTC to the second"

PARTS = {
    "version 1": ({"version": tlv(0xA0, integer(0))}, "it is not of version 3"),
    "version 2": ({"version": tlv(0xA0, integer(1))}, "it is not of version 3"),
    "version 4": ({"version": tlv(0xA0, integer(3))}, "it is not of version 3"),
    "two versions": ({"version": tlv(0xA0, integer(2) + integer(2))}, "it is not of version 3"),
    "no version": ({"version": b""}, "it does not have the eight fields of AMD's certificates"),
    "another tag of the version": ({"version": tlv(0xA1, integer(2))}, TAG.format(0xA1, 0xA0)),
    "an issuer's unique id": (
        {"more": tlv(0x81, b"\0\1")},
        "it does not have the eight fields of AMD's certificates",
    ),
    "no extensions": ({"extensions": b""}, "it does not have the eight fields of AMD's certificates"),
    "a negative serial": (
        {"serial": b"\x02\x01\xff"},
        "this is not DER: an integer is negative, empty or padded",
    ),
    "other signature algorithms": ({"outer": pss(salt=b"")}, "it names two signature algorithms"),
    "signature of RSA without PSS": (
        {"inner": sequence(oid(PKCS1_SHA384), NULL)},
        "it is not signed with RSA-PSS",
    ),
    "no parameters of the algorithm": (
        {"inner": sequence(oid(PSS_OID))},
        "a sequence has 1 members where 2 are required",
    ),
    "parameters that are no sequence": ({"inner": sequence(oid(PSS_OID), NULL)}, TAG.format(5, 0x30)),
    "no hash": ({"inner": pss(hashed=b"")}, PARAMETERS),
    "no mask": ({"inner": pss(mask=b"")}, PARAMETERS),
    "no salt": ({"inner": pss(salt=b"")}, PARAMETERS),
    "two salts": ({"inner": pss(salt=tlv(0xA2, integer(20)) + tlv(0xA2, integer(48)))}, PARAMETERS),
    "another field": ({"inner": pss(trailer=tlv(0xA4, integer(1)))}, PARAMETERS),
    "trailer 2": ({"inner": pss(trailer=tlv(0xA3, integer(2)))}, PARAMETERS),
    "two trailers": ({"inner": pss(trailer=tlv(0xA3, integer(1) + integer(1)))}, ONE_VALUE),
    "an empty hash field": ({"inner": pss(hashed=tlv(0xA0, b""))}, ONE_VALUE),
    "hash SHA-256": ({"inner": pss(hashed=tlv(0xA0, hash_name(SHA256_OID)))}, ALGORITHM),
    "hash with a parameter": ({"inner": pss(hashed=tlv(0xA0, hash_name(SHA384_OID, integer(1))))}, ALGORITHM),
    "hash with two parameters": (
        {"inner": pss(hashed=tlv(0xA0, hash_name(SHA384_OID, NULL, NULL)))},
        ALGORITHM,
    ),
    "mask of another function": ({"inner": pss(mask=sequence(oid(PSS_OID), hash_name()))}, ALGORITHM),
    "mask with SHA-256": ({"inner": pss(mask=sequence(oid(MGF1_OID), hash_name(SHA256_OID)))}, ALGORITHM),
    "mask without a hash": (
        {"inner": pss(mask=sequence(oid(MGF1_OID)))},
        "a sequence has 1 members where 2 are required",
    ),
    "salt of 32": ({"inner": pss(salt=tlv(0xA2, integer(32)))}, ALGORITHM),
    "salt of 49": ({"inner": pss(salt=tlv(0xA2, integer(49)))}, ALGORITHM),
    "salt that is no number": ({"inner": pss(salt=tlv(0xA2, NULL))}, TAG.format(5, 2)),
    "one time": (
        {"validity": sequence(tlv(0x18, b"20200101000000Z"))},
        "a sequence has 1 members where 2 are required",
    ),
    "half a byte of signature": (
        {"signature": tlv(3, b"\4" + bytes(512))},
        "this is not DER: a bit string does not consist of whole bytes",
    ),
    "signature as octets": ({"signature": tlv(4, bytes(512))}, TAG.format(4, 3)),
    "extensions under another tag": ({"extensions": tlv(0xA2, sequence())}, TAG.format(0xA2, 0xA3)),
    "two lists of extensions": ({"extensions": tlv(0xA3, sequence() * 2)}, ONE_VALUE),
    "extensions that are no sequence": ({"extensions": tlv(0xA3, NULL)}, TAG.format(5, 0x30)),
    "an extension of its name": (
        {"extensions": (sequence(oid(f"{AMD}1")),)},
        "an extension does not have two or three members",
    ),
    "an extension of four": (
        {"extensions": (extension(f"{AMD}1", b"", TRUE, TRUE),)},
        "an extension does not have two or three members",
    ),
    "an extension twice": (
        {"extensions": (extension(f"{AMD}1", b"a"), extension(f"{AMD}1", b"a"))},
        f"the extension {AMD}1 is there twice",
    ),
    "an extension whose value is no octets": (
        {"extensions": (sequence(oid(f"{AMD}1"), integer(1)),)},
        TAG.format(2, 4),
    ),
    "an unknown critical extension": (
        {"extensions": (extension("1.2.3.4", b"", TRUE),)},
        CRITICAL.format("1.2.3.4"),
    ),
    "name constraints": (
        {"extensions": (extension("2.5.29.30", sequence(), TRUE),)},
        CRITICAL.format("2.5.29.30"),
    ),
    "a critical extension of AMD's": (
        {"extensions": amd_extensions({}, None, extension(f"{AMD}4", bytes(64), TRUE))},
        CRITICAL.format(f"{AMD}4"),
    ),
    "critical said in another way": (
        {"extensions": (extension(KEY_USAGE, bytes.fromhex("03020204"), tlv(1, b"\1")),)},
        CRITICAL.format(KEY_USAGE),
    ),
    "not critical said at length": (
        {"extensions": (extension(BASIC_CONSTRAINTS, sequence(), FALSE),)},
        CRITICAL.format(BASIC_CONSTRAINTS),
    ),
    "constraints that are no sequence": (
        {"extensions": (extension(BASIC_CONSTRAINTS, NULL),)},
        TAG.format(5, 0x30),
    ),
    "constraints and more": (
        {"extensions": (extension(BASIC_CONSTRAINTS, sequence() + NULL),)},
        "this is not DER: something follows it",
    ),
    "usage that is no bit string": ({"extensions": (extension(KEY_USAGE, b"\4\1\4"),)}, TAG.format(4, 3)),
    "subject without a common name": (
        {"subject": sequence(tlv(0x31, sequence(oid("2.5.4.10"), tlv(0x13, b"a"))))},
        "a name does not have one common name",
    ),
    "issuer without a common name": ({"issuer": sequence()}, "a name does not have one common name"),
    "two common names": (
        {"subject": sequence(*[tlv(0x31, sequence(ATTRIBUTE, tlv(0x13, b"SEV-VCEK")))] * 2)},
        "a name does not have one common name",
    ),
    "a name in another set": (
        {"subject": sequence(sequence(sequence(ATTRIBUTE, tlv(0x13, b"SEV-VCEK"))))},
        TAG.format(0x30, 0x31),
    ),
    "a name of three": (
        {"subject": sequence(tlv(0x31, sequence(ATTRIBUTE, tlv(0x13, b"SEV-VCEK"), NULL)))},
        "a sequence has 3 members where 2 are required",
    ),
    "a common name in ASN.1's IA5": ({"subject": name("SEV-VCEK", 0x16)}, "a common name is not text"),
    "a common name that is a number": ({"subject": name("SEV-VCEK", 2)}, "a common name is not text"),
    "a common name beyond ASCII": ({"subject": name("SÉV-VCEK")}, "a name is not a line of plain text"),
    "a common name of two lines": ({"subject": name("SEV-VCEK\n")}, "a name is not a line of plain text"),
    "a common name of 65": ({"subject": name("x" * 65)}, "a name is not a line of plain text"),
    "a public key that is none": ({"key": sequence(NULL)}, "its public key cannot be read"),
}


@pytest.mark.parametrize("broken", PARTS)
def test_a_broken_part_is_named(public, broken):
    changes, told = PARTS[broken]
    assert refusal(certificate(**{"key": public, **changes})) == told


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "this is not DER: it is cut short"),
        (NULL, TAG.format(5, 0x30)),
        (sequence(NULL, NULL), "a sequence has 2 members where 3 are required"),
        (sequence(NULL, NULL, NULL, NULL), "a sequence has 4 members where 3 are required"),
        (sequence(NULL, NULL, NULL), TAG.format(5, 0x30)),
    ],
)
def test_what_is_no_certificate_at_all(raw, told):
    assert refusal(raw) == told


def test_nothing_follows_a_certificate(public):
    assert refusal(certificate(public) + b"\0") == "this is not DER: something follows it"
    assert refusal(certificate(public)[:-1]) == "this is not DER: it is cut short"


def test_a_name_of_64_characters_is_the_longest(public):
    assert parse_certificate(certificate(public, "x" * 64)).common_name == "x" * 64


@pytest.mark.parametrize("tag", [0x0C, 0x13], ids=["UTF-8", "printable"])
def test_a_common_name_is_one_of_two_kinds_of_text(public, tag):
    assert parse_certificate(certificate(public, name("SEV-VCEK", tag))).common_name == "SEV-VCEK"


@pytest.mark.parametrize(
    "algorithm",
    [
        pss(trailer=tlv(0xA3, integer(1))),
        pss(hashed=tlv(0xA0, sequence(oid(SHA384_OID)))),
        pss(mask=sequence(oid(MGF1_OID), sequence(oid(SHA384_OID)))),
    ],
    ids=["the default trailer written out", "hash without NULL", "mask's hash without NULL"],
)
def test_other_ways_to_write_the_one_algorithm_are_read(public, algorithm):
    assert parse_certificate(certificate(public, inner=algorithm)).common_name == "SEV-VCEK"


def validity(begin: bytes, end: bytes) -> bytes:
    return sequence(begin, end)


UTC_TIME, GENERALIZED = 0x17, 0x18


@pytest.mark.parametrize(
    ("tag", "text", "year"),
    [
        (UTC_TIME, b"490228235959Z", 2049),
        (UTC_TIME, b"500228235959Z", 1950),
        (UTC_TIME, b"000228235959Z", 2000),
        (UTC_TIME, b"990228235959Z", 1999),
        (GENERALIZED, b"20490228235959Z", 2049),
        (GENERALIZED, b"19500228235959Z", 1950),
    ],
)
def test_times_are_read_as_rfc_5280_has_them(public, tag, text, year):
    times = validity(tlv(tag, text), tlv(tag, text))
    read = parse_certificate(certificate(public, validity=times))
    assert read.not_before == read.not_after == datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "text", "told"),
    [
        (UTC_TIME, b"2602282359Z", TIME),
        (UTC_TIME, b"260228235959", TIME),
        (UTC_TIME, b"260228235959+0100", TIME),
        (UTC_TIME, b"20260228235959Z", TIME),
        (UTC_TIME, b"26022823595\xb2Z", TIME),
        (GENERALIZED, b"260228235959Z", TIME),
        (GENERALIZED, b"20260228235959.5Z", TIME),
        (GENERALIZED, b"20260228235959z", TIME),
        (0x13, b"20260228235959Z", TIME),
        (GENERALIZED, b"20260230000000Z", "a time does not exist in the calendar"),
        (GENERALIZED, b"20261301000000Z", "a time does not exist in the calendar"),
        (UTC_TIME, b"260101240000Z", "a time does not exist in the calendar"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_time_of_another_form_is_refused(public, tag, text, told, place):
    times = [tlv(GENERALIZED, b"20260101000000Z")] * 2
    times[place] = tlv(tag, text)
    assert refusal(certificate(public, validity=validity(*times))) == told


def rsa_of(bits: int) -> bytes:
    """A public key of that many bits, which nobody has the private half of."""
    return key_bytes(RSAPublicNumbers(65537, (1 << bits - 1) | 1).public_key())


OTHER_KEY = "its public key is neither RSA of 4096 bits nor on P-384"


@pytest.mark.parametrize(
    ("public_key", "told"),
    [
        (rsa_of(4095), OTHER_KEY),
        (rsa_of(4097), OTHER_KEY),
        (rsa_of(2048), OTHER_KEY),
        (key_bytes(derive_private_key(5, SECP256R1()).public_key()), OTHER_KEY),
        (key_bytes(derive_private_key(5, SECP521R1()).public_key()), OTHER_KEY),
        (key_bytes(Ed25519PrivateKey.generate().public_key()), OTHER_KEY),
    ],
    ids=["RSA 4095", "RSA 4097", "RSA 2048", "P-256", "P-521", "Ed25519"],
)
def test_another_kind_of_key_is_refused(public_key, told):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert refusal(certificate(public_key)) == told


def test_rsa_of_4096_bits_is_read():
    assert parse_certificate(certificate(rsa_of(4096))).public_key.key_size == 4096


def test_a_point_that_is_not_on_the_curve_is_no_key(public):
    raw = bytearray(key_bytes(public))
    raw[-1] ^= 1
    assert refusal(certificate(bytes(raw))) == "its public key cannot be read"


def read(public, *extensions: bytes):
    found = parse_certificate(certificate(public, extensions=extensions))
    return found.authority, found.signs_certificates


@pytest.mark.parametrize("critical", [(TRUE,), ()], ids=["critical", "not critical"])
@pytest.mark.parametrize(
    ("constraints", "authority"),
    [
        (sequence(), False),
        (sequence(TRUE), True),
        (sequence(TRUE, integer(0)), True),
        (sequence(FALSE), False),
        (sequence(integer(1)), False),
    ],
    ids=["nothing", "an authority", "with a path length", "none", "a path length alone"],
)
def test_basic_constraints(public, constraints, authority, critical):
    assert read(public, extension(BASIC_CONSTRAINTS, constraints, *critical)) == (authority, None)


@pytest.mark.parametrize("critical", [(TRUE,), ()], ids=["critical", "not critical"])
@pytest.mark.parametrize(
    ("usage", "signs"),
    [
        ("03020204", True),  # keyCertSign alone
        ("03020106", True),  # keyCertSign and cRLSign
        ("030205a0", False),  # digitalSignature and keyEncipherment
        ("03020102", False),  # cRLSign alone
        ("03020308", False),  # keyAgreement, the bit beside it
        ("030100", False),
        ("03030700" + "80", False),  # decipherOnly, in the second byte
        ("03030704" + "80", True),
    ],
)
def test_key_usage(public, usage, signs, critical):
    assert read(public, extension(KEY_USAGE, bytes.fromhex(usage), *critical)) == (False, signs)


def test_both_are_read_of_one_certificate(public):
    usage = extension(KEY_USAGE, bytes.fromhex("03020204"), TRUE)
    assert read(public, extension(BASIC_CONSTRAINTS, sequence(TRUE), TRUE), usage) == (True, True)
