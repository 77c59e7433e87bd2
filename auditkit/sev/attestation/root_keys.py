"""AMD's root keys (ARK), which travel with the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.certificate import Certificate
from auditkit.sev.attestation.certificate_file import parse_chain
from auditkit.sev.attestation.tcb import TcbLayout

_FOLDER: Final = Path(__file__).parent / "roots"
_MADE_UP_PROCESSORS: Final = frozenset({(0, 0)})


def _models(family: int, *models: range) -> frozenset[tuple[int, int]]:
    return frozenset((family, model) for some in models for model in some)


# AMD publication 57230 (one chain for Milan, one for Genoa, Bergamo and Siena, one for Turin) and the CPUID models that
# AMD's processor programming references give these families.
_AMD: Final = (
    (
        "Milan",
        TcbLayout.MILAN,
        _models(0x19, range(0x10)),
        "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
    ),
    (
        "Genoa",
        TcbLayout.MILAN,
        _models(0x19, range(0x10, 0x20), range(0xA0, 0xB0)),
        "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
    ),
    (
        "Turin",
        TcbLayout.TURIN,
        _models(0x1A, range(0x20)),
        "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
    ),
)


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root that chip keys may lead to.

    Attributes:
        family: processors whose keys it vouches for.
        layout: how they write TCB versions.
        chip_id_bytes: bytes of a chip id that its certificate names.
        certificate: its self-signed certificate.
        processors: CPUID family and model of each processor that it vouches for. The default is that of a root which
            is not AMD's: no processor of AMD's has family 0.
    """

    family: str
    layout: TcbLayout
    chip_id_bytes: int
    certificate: Certificate
    processors: frozenset[tuple[int, int]] = _MADE_UP_PROCESSORS


@cache
def amd_roots() -> tuple[RootKey, ...]:
    """AMD's roots for Milan, Genoa and Turin.

    Raises:
        EvidenceError: a file of the package was changed.
    """
    return tuple(_read(*root) for root in _AMD)


def _read(
    family: str, layout: TcbLayout, processors: frozenset[tuple[int, int]], fingerprint: str
) -> RootKey:
    path = _FOLDER / f"{family.lower()}_ark.pem"
    (certificate,) = parse_chain(path.read_bytes())
    if certificate.fingerprint != fingerprint:
        raise EvidenceError(
            f"the root key of {family} is not AMD's: auditkit's own files were changed",
            where=str(path),
            expected=fingerprint,
            observed=certificate.fingerprint,
        )
    return RootKey(family, layout, 8 if layout is TcbLayout.TURIN else 64, certificate, processors)
