"""The security version of a processor's firmware (TCB_VERSION), as reports and certificates state it.

Source: AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification", table "TCB_VERSION": one
layout up to Genoa, another from Turin on; 57230 for the extensions that carry the same numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.sev.attestation.certificate import Certificate
from auditkit.sev.attestation.der import parse_der

_SPL: Final = "1.3.6.1.4.1.3704.1.3."
_NUMBERS: Final = {"bootloader": "1", "tee": "2", "snp": "3", "microcode": "8", "fmc": "9"}


class TcbLayout(StrEnum):
    """Where the numbers stand in the eight bytes."""

    MILAN = "Milan and Genoa"
    TURIN = "Turin"


_PLACES: Final = {
    TcbLayout.MILAN: {"bootloader": 0, "tee": 1, "snp": 6, "microcode": 7},
    TcbLayout.TURIN: {"fmc": 0, "bootloader": 1, "tee": 2, "snp": 3, "microcode": 7},
}


@dataclass(frozen=True, slots=True)
class TcbVersion:
    """Security version numbers, each from 0 to 255.

    Attributes:
        bootloader, tee, snp, microcode: of the parts of the firmware.
        fmc: of the first mutable code; None before Turin.
    """

    bootloader: int
    tee: int
    snp: int
    microcode: int
    fmc: int | None = None

    def __str__(self) -> str:
        text = f"boot loader {self.bootloader}, TEE {self.tee}, SNP {self.snp}, microcode {self.microcode}"
        return text if self.fmc is None else f"FMC {self.fmc}, {text}"


def parse_tcb(data: bytes, layout: TcbLayout) -> TcbVersion:
    """Reads a TCB_VERSION.

    Args:
        data: 8 bytes.
        layout: the layout of the processor family.

    Raises:
        EvidenceError: a reserved byte is not zero, so this is another layout.
    """
    places = _PLACES[layout]
    if len(data) != 8 or any(data[at] for at in range(8) if at not in places.values()):
        raise EvidenceError(
            f"the firmware version of the report is not in the form of {layout}", observed=data.hex()
        )
    return TcbVersion(**{name: data[at] for name, at in places.items()})


def certified_tcb(certificate: Certificate, layout: TcbLayout) -> TcbVersion:
    """The TCB_VERSION that a chip key's certificate is for.

    Raises:
        EvidenceError: a number is missing or malformed.
    """
    numbers = {}
    for name in _PLACES[layout]:
        value = certificate.extensions.get(_SPL + _NUMBERS[name])
        if value is None:
            raise EvidenceError(
                f"the certificate of {certificate.common_name} states no version of the {name}"
            )
        numbers[name] = parse_der(value).integer()
        if numbers[name] > 255:
            raise EvidenceError(f"the certificate of {certificate.common_name} says an impossible version")
    return TcbVersion(**numbers)


@dataclass(frozen=True, slots=True)
class TcbFloor:
    """The lowest versions that somebody accepts; made by `parse_tcb_floor`.

    Attributes:
        lowest: names of parts of the firmware, each with its lowest version.
    """

    lowest: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return ",".join(f"{name}={number}" for name, number in self.lowest)

    def undercut(self, tcb: TcbVersion) -> str:
        """The first part of ``tcb`` that is too old or that it has no version of, in words; empty when none is."""
        for name, number in self.lowest:
            stated = getattr(tcb, name)
            if stated is None:
                return f"there is no {name}, which processors have from Turin on"
            if stated < number:
                return f"{name} {stated} is older than {name} {number}"
        return ""


def parse_tcb_floor(text: str) -> TcbFloor:
    """Reads a floor such as ``bootloader=7,tee=0,snp=21,microcode=72``.

    Raises:
        ParameterError: a name is none of bootloader, tee, snp, microcode and fmc or is there twice, or a version is no
            whole number from 0 to 255 in decimal digits.
    """
    lowest: dict[str, int] = {}
    for part in text.split(",")[: len(_NUMBERS) + 1]:
        name, _, digits = part.strip().partition("=")
        fits = name in _NUMBERS and name not in lowest and re.fullmatch(r"0|[1-9][0-9]{0,2}", digits)
        if not fits or int(digits) > 255:
            raise ParameterError(
                "the lowest firmware versions cannot be read",
                where="tcb_min",
                expected=f"NAME=NUMBER,..., each of {', '.join(_NUMBERS)} at most once, each from 0 to 255",
                observed=part.strip()[:40],
            )
        lowest[name] = int(digits)
    return TcbFloor(tuple(lowest.items()))
