"""Keys of made-up authorities and of one made-up chip, the same in every session."""

from __future__ import annotations

from hashlib import shake_256

import pytest
from chains import Authority, authority
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP384R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)

from auditkit.sev.attestation import RootKey, TcbLayout

# How far the next prime is from a number that follows from a name: finding it anew would take seconds.
_PRIMES = {"ARK-Practice": (12, 1432), "SEV-Practice": (2452, 326), "SEV-VLEK-Practice": (900, 974)}


def _rsa_key(own: str) -> rsa.RSAPrivateKey:
    p, q = (
        (int.from_bytes(shake_256(f"{own} {number}".encode()).digest(256), "big") | 3 << 2046 | 1) + distance
        for number, distance in enumerate(_PRIMES[own])
    )
    d = rsa.rsa_recover_private_exponent(65537, p, q)
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(65537, p * q),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


@pytest.fixture(scope="session")
def rsa_keys() -> dict[str, rsa.RSAPrivateKey]:
    """RSA keys of 4096 bits, by the authority's name."""
    return {own: _rsa_key(own) for own in _PRIMES}


@pytest.fixture(scope="session")
def authorities(rsa_keys) -> dict[str, Authority]:
    """The root key (``ark``) and the two authorities below it."""
    ark = authority("ARK-Practice", rsa_keys["ARK-Practice"])
    below = ("SEV-Practice", "SEV-VLEK-Practice")
    return {own: authority(own, rsa_keys[own], ark) for own in below} | {"ark": ark}


@pytest.fixture(scope="session")
def root(authorities) -> RootKey:
    return RootKey("Practice", TcbLayout.MILAN, 64, authorities["ark"].certificate)


@pytest.fixture(scope="session")
def key() -> EllipticCurvePrivateKey:
    """The key of a chip."""
    return derive_private_key(0xC41B, SECP384R1())
