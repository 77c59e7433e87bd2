"""CPU types and the signature that a launch measurement holds of each.

Source: QEMU ``target/i386/cpu.c`` (family, model, stepping of each ``EPYC`` model); AMD CPUID Specification
25481, Fn0000_0001_EAX. The measurement follows the CPU model that QEMU is told to show, not the chip that it
runs on: ``EPYC-v4`` carries the Naples signature on every host.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from auditkit.errors import ParameterError


def cpuid_signature(family: int, model: int, stepping: int) -> int:
    """The 32-bit CPUID signature: extended family and model in the upper half, the rest in the lower."""
    low_family = min(family, 0xF)
    return family - low_family << 20 | (model >> 4) << 16 | low_family << 8 | (model & 0xF) << 4 | stepping


_NAPLES: Final = cpuid_signature(23, 1, 2)
_ROME: Final = cpuid_signature(23, 49, 0)
_MILAN: Final = cpuid_signature(25, 1, 1)
_GENOA: Final = cpuid_signature(25, 17, 0)
_TURIN: Final = cpuid_signature(26, 0, 0)

CPU_SIGNATURES: Final = MappingProxyType(
    {
        "EPYC": _NAPLES,
        "EPYC-v1": _NAPLES,
        "EPYC-v2": _NAPLES,
        "EPYC-IBPB": _NAPLES,
        "EPYC-v3": _NAPLES,
        "EPYC-v4": _NAPLES,
        "EPYC-Rome": _ROME,
        "EPYC-Rome-v1": _ROME,
        "EPYC-Rome-v2": _ROME,
        "EPYC-Rome-v3": _ROME,
        "EPYC-Milan": _MILAN,
        "EPYC-Milan-v1": _MILAN,
        "EPYC-Milan-v2": _MILAN,
        "EPYC-Genoa": _GENOA,
        "EPYC-Genoa-v1": _GENOA,
        "EPYC-Turin": _TURIN,
    }
)
"""Every CPU type that can be measured, with its signature."""

RELEASE_CPU_TYPES: Final = ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin")
"""The CPU types of a release's matrix, in its order (dfinity/ic ic-os/defs.bzl)."""


def cpu_signature(vcpu_type: str) -> int:
    """The CPUID signature that ``vcpu_type`` puts into a measurement.

    Raises:
        ParameterError: no such CPU type is known; the hint names near misses.
    """
    signature = CPU_SIGNATURES.get(vcpu_type)
    if signature is None:
        from difflib import get_close_matches  # noqa: PLC0415  (only for the hint)

        by_folded_name = {name.casefold(): name for name in CPU_SIGNATURES}
        near = get_close_matches(vcpu_type.casefold(), by_folded_name, n=1, cutoff=0.6)
        raise ParameterError(
            f"unknown CPU type {vcpu_type[:60]!r}",
            where="vcpu_types",
            hint=f"did you mean {by_folded_name[near[0]]}?"
            if near
            else f"known are {', '.join(CPU_SIGNATURES)}",
        )
    return signature


def cpu_types_with(signature: int) -> tuple[str, ...]:
    """All CPU types with this signature, the types of a release first. Such types measure the same."""
    ordered = (*RELEASE_CPU_TYPES, *(name for name in CPU_SIGNATURES if name not in RELEASE_CPU_TYPES))
    return tuple(name for name in ordered if CPU_SIGNATURES[name] == signature)
