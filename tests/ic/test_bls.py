"""BLS: the hash-to-curve vectors of RFC 9380 (J.9.1) through verification, and points no signer can have made."""

import pytest
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from auditkit.errors import AuditkitError
from auditkit.ic import bls
from auditkit.practice.nns.keys import KeyPair

RFC_DST = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"
P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB

# Message, and the point it hashes to (x, y).
RFC_9380 = [
    (
        b"",
        "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
        "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
    ),
    (
        b"abc",
        "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
        "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
    ),
    (
        b"abcdef0123456789",
        "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98",
        "03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709",
    ),
    (
        b"q128_" + b"q" * 128,
        "15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488",
        "1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38",
    ),
    (
        b"a512_" + b"a" * 512,
        "082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe",
        "05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8",
    ),
]

KEY = KeyPair("tests: bls")
MESSAGE = b"\x0dic-state-root" + bytes(32)
POINT = KEY.public_key_der[37:]
SIGNATURE = KEY.sign(MESSAGE)


def compress(x: int, y: int) -> bytes:
    return ((1 << 383) | (int(y > P - y) << 381) | x).to_bytes(48, "big")


@pytest.mark.parametrize(("message", "x", "y"), RFC_9380, ids=["empty", "abc", "16", "q128", "a512"])
def test_hash_to_curve_of_rfc_9380(monkeypatch, message, x, y):
    # Under the secret key 1 the public key is the generator and the signature is the hash itself.
    monkeypatch.setattr(bls, "DST", RFC_DST)
    point = compress(int(x, 16), int(y, 16))
    opinions = bls.verify(point, message, bls.G2_GENERATOR)
    assert [opinion.valid for opinion in opinions.each] == [True, True]
    assert not bls.verify(compress(int(x, 16), P - int(y, 16)), message, bls.G2_GENERATOR).unanimous_yes


def test_two_libraries_are_asked():
    opinions = bls.verify(SIGNATURE, MESSAGE, POINT)
    assert opinions.unanimous_yes
    assert [opinion.library for opinion in opinions.each] == ["pyblst", "py-arkworks-bls12381"]
    assert all(opinion.version for opinion in opinions.each)


def off_subgroup_g1() -> bytes:
    for x in range(1, 100):
        data = compress(x, 0)
        try:
            point = G1Point.from_compressed_bytes_unchecked(data)
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return data
    raise LookupError


def off_subgroup_g2() -> bytes:
    for x in range(1, 100):
        data = bytes([0x80]) + bytes(94) + bytes([x])
        try:
            point = G2Point.from_compressed_bytes_unchecked(data)
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return data
    raise LookupError


def off_curve_g1() -> bytes:
    return next(
        compress(x, 0)
        for x in range(1, 100)
        if pow(x**3 + 4, (P - 1) // 2, P) == P - 1  # no square root
    )


INFINITY_G1 = b"\xc0" + bytes(47)
INFINITY_G2 = b"\xc0" + bytes(95)
OTHER = KeyPair("tests: another")

HOSTILE = {
    "infinity as signature": (INFINITY_G1, POINT),
    "infinity as key": (SIGNATURE, INFINITY_G2),
    "infinity under infinity": (INFINITY_G1, INFINITY_G2),
    "infinity with sign bit": (b"\xe0" + bytes(47), b"\xe0" + bytes(95)),
    "infinity without compression bit": (b"\x40" + bytes(47), b"\x40" + bytes(95)),
    "infinity with other bits": (b"\xc0" + bytes(46) + b"\1", POINT),
    "infinity uncompressed": (b"\x40" + bytes(95), POINT),
    "zero bytes": (bytes(48), POINT),
    "zero x": (b"\x80" + bytes(47), POINT),
    "all ones": (b"\xff" * 48, POINT),
    "not on the curve": (off_curve_g1(), POINT),
    "not in the subgroup": (off_subgroup_g1(), POINT),
    "key not in the subgroup": (SIGNATURE, off_subgroup_g2()),
    "key all ones": (SIGNATURE, b"\xff" * 96),
    "x is the modulus": (compress(P, 0), POINT),
    "x plus the modulus": (
        ((1 << 383) | (int.from_bytes(SIGNATURE, "big") % (1 << 381) + P) % (1 << 381)).to_bytes(48, "big"),
        POINT,
    ),
    "negated": (bytes([SIGNATURE[0] ^ 0x20]) + SIGNATURE[1:], POINT),
    "key negated": (SIGNATURE, bytes([POINT[0] ^ 0x20]) + POINT[1:]),
    "compression bit cleared": (bytes([SIGNATURE[0] & 0x7F]) + SIGNATURE[1:], POINT),
    "key's compression bit cleared": (SIGNATURE, bytes([POINT[0] & 0x7F]) + POINT[1:]),
    "empty": (b"", POINT),
    "empty key": (SIGNATURE, b""),
    "a byte short": (SIGNATURE[:-1], POINT),
    "a byte long": (SIGNATURE + b"\0", POINT),
    "key a byte short": (SIGNATURE, POINT[:-1]),
    "key a byte long": (SIGNATURE, POINT + b"\0"),
    "uncompressed": (bytes(G1Point.from_compressed_bytes(SIGNATURE).to_xy_bytes_be()), POINT),
    "key and signature swapped": (POINT, SIGNATURE),
    "another signer": (OTHER.sign(MESSAGE), POINT),
    "another key": (SIGNATURE, OTHER.public_key_der[37:]),
    "another message": (KEY.sign(MESSAGE + b"\0"), POINT),
    "the generator": (bytes((G1Point() * Scalar(1)).to_compressed_bytes()), POINT),
}


@pytest.mark.parametrize(("signature", "key"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_points_are_refused(signature, key):
    opinions = bls.verify(signature, MESSAGE, key)
    assert not opinions.unanimous_yes
    assert not opinions.disagree


def yes(signature, message, key):
    return True


def no(signature, message, key):
    return False


def with_libraries(monkeypatch, *answers):
    libraries = tuple((f"library {number}", "1.0", answer) for number, answer in enumerate(answers))
    monkeypatch.setattr(bls, "_libraries", lambda: libraries)


def test_no_library_is_trouble(monkeypatch):
    with_libraries(monkeypatch)
    with pytest.raises(AuditkitError, match="no BLS library"):
        bls.verify(SIGNATURE, MESSAGE, POINT)


def test_disagreement_fails_the_check(monkeypatch, world):
    with_libraries(monkeypatch, yes, no)
    decision = world.verify(world.certificate()).decisions[4]
    assert decision.outcome == "fail"
    assert "disagree" in decision.reason


def test_one_opinion_is_told(monkeypatch, world):
    with_libraries(monkeypatch, yes)
    decision = world.verify(world.certificate()).decisions[4]
    assert decision.outcome == "warn"
    assert "one opinion only" in decision.observed


def test_a_library_that_is_not_installed_is_left_out(monkeypatch):
    def missing():
        raise ImportError

    monkeypatch.setattr(bls, "_load_blst", missing)
    monkeypatch.setattr(bls, "_libraries", bls._libraries.__wrapped__)
    assert [opinion.library for opinion in bls.verify(SIGNATURE, MESSAGE, POINT).each] == [
        "py-arkworks-bls12381"
    ]
