"""BLS signatures of the IC: two independent libraries are asked, and all of them have to say yes.

The scheme is BLS12-381 with signatures in G1 and public keys in G2 (IC interface specification,
"Certificate"; draft-irtf-cfrg-bls-signature, minimal-signature-size).
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias

from auditkit.errors import AuditkitError

DST: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
SIGNATURE_BYTES: Final = 48
PUBLIC_KEY_BYTES: Final = 96

# The generator of G2, compressed (the "BLS12-381 G2 base point" of RFC 9380, section 8.8.2).
G2_GENERATOR: Final = bytes.fromhex(
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)

# Keys that were decompressed and found in the right subgroup; the root key signs every delegation.
_KEYS_KEPT: Final = 16

Verifier: TypeAlias = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one library says about a signature."""

    library: str
    version: str
    valid: bool


@dataclass(frozen=True, slots=True)
class Opinions:
    """What the installed libraries say about one signature."""

    each: tuple[Opinion, ...]

    @property
    def unanimous_yes(self) -> bool:
        """Every library was asked and accepts; never true when none was asked."""
        return bool(self.each) and all(opinion.valid for opinion in self.each)

    @property
    def disagree(self) -> bool:
        """One library accepts what the other refuses: a bug in one of them, so nothing may rest on it."""
        return len({opinion.valid for opinion in self.each}) > 1

    def in_words(self) -> str:
        """The opinions in words, such as "valid (pyblst 0.3.15); valid (py-arkworks-bls12381 0.5.0)"."""
        if not self.each:
            return "not a point that can be a signature or key"
        parts = [f"{'valid' if o.valid else 'invalid'} ({o.library} {o.version})" for o in self.each]
        return "; ".join(parts) + ("; one opinion only" if len(parts) == 1 else "")


def verify(signature: bytes, message: bytes, public_key: bytes) -> Opinions:
    """Asks every installed library whether ``signature`` is that of ``public_key`` over ``message``.

    Args:
        signature: a compressed point of G1, 48 bytes. Any other length, form or the infinity is no signature.
        message: the signed bytes, domain separator included.
        public_key: a compressed point of G2, 96 bytes. The infinity is no key.

    Raises:
        AuditkitError: no BLS library is installed.
    """
    libraries = _libraries()
    if not libraries:
        raise AuditkitError(
            "no BLS library is installed, so no signature can be checked",
            hint="install pyblst or py-arkworks-bls12381",
        )
    if not _is_plausible(signature, public_key):
        return Opinions(())
    return Opinions(
        tuple(Opinion(name, version, ask(signature, message, public_key)) for name, version, ask in libraries)
    )


def _is_plausible(signature: bytes, public_key: bytes) -> bool:
    """The guard: right lengths, compressed, not the infinity. Both libraries accept infinity under
    infinity.
    """
    return (
        len(signature) == SIGNATURE_BYTES
        and len(public_key) == PUBLIC_KEY_BYTES
        and signature[0] & 0xC0 == 0x80
        and public_key[0] & 0xC0 == 0x80
    )


@cache
def _libraries() -> tuple[tuple[str, str, Verifier], ...]:
    found: list[tuple[str, str, Verifier]] = []
    for name, load in (("pyblst", _load_blst), ("py-arkworks-bls12381", _load_arkworks)):
        try:
            verifier = load()
            found.append((name, importlib.metadata.version(name), verifier))
        except ImportError:  # no wheel for this machine: the report then says "one opinion only"
            continue
    return tuple(found)


def _load_blst() -> Verifier:
    import pyblst  # noqa: PLC0415  (optional: a machine may have no wheel)

    @lru_cache(_KEYS_KEPT)
    def key_point(compressed: bytes) -> Any:
        return pyblst.BlstP2Element().uncompress(compressed)

    generator = key_point(G2_GENERATOR)

    def ask(signature: bytes, message: bytes, public_key: bytes) -> bool:
        try:
            point = pyblst.BlstP1Element().uncompress(signature)
            key = key_point(public_key)
        except ValueError:
            return False
        hashed = pyblst.BlstP1Element.hash_to_group(message, DST)
        return bool(
            pyblst.final_verify(pyblst.miller_loop(point, generator), pyblst.miller_loop(hashed, key))
        )

    return ask


def _load_arkworks() -> Verifier:
    from py_arkworks_bls12381 import GT, G1Point, G2Point  # noqa: PLC0415  (optional, as above)

    @lru_cache(_KEYS_KEPT)
    def key_point(compressed: bytes) -> Any:
        return G2Point.from_compressed_bytes(compressed)

    generator = key_point(G2_GENERATOR)

    def ask(signature: bytes, message: bytes, public_key: bytes) -> bool:
        try:
            point = G1Point.from_compressed_bytes(signature)
            key = key_point(public_key)
        except ValueError:
            return False
        hashed = G1Point.hash_to_curve(message, DST)
        return bool(GT.pairing_check([point, -hashed], [generator, key]))

    return ask
