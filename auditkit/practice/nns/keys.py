"""Key pairs of the practice network, derived from a text so that every run has the same ones.

They protect nothing: anybody can derive them. `auditkit.ic` accepts them only under the practice root key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from auditkit.ic import DER_PREFIX, DST, G2_GENERATOR, Principal


@dataclass(frozen=True)
class KeyPair:
    """A BLS key pair.

    Attributes:
        seed: the text it is derived from; two pairs with one seed are the same.
    """

    seed: str

    @cached_property
    def _secret(self) -> Scalar:
        return Scalar.from_be_bytes_mod_order(
            hashlib.sha256(b"auditkit practice key: " + self.seed.encode()).digest()
        )

    @cached_property
    def public_key_der(self) -> bytes:
        """The public key as the IC encodes it: 133 bytes of DER."""
        point = G2Point.from_compressed_bytes(G2_GENERATOR) * self._secret
        return DER_PREFIX + bytes(point.to_compressed_bytes())

    @property
    def subnet_id(self) -> Principal:
        """The id of a subnet with this key: the self-authenticating principal of the key."""
        return Principal.self_authenticating(self.public_key_der)

    def sign(self, message: bytes) -> bytes:
        """The 48-byte signature of ``message`` (domain separator included)."""
        return bytes((G1Point.hash_to_curve(message, DST) * self._secret).to_compressed_bytes())
