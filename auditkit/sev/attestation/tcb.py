"""The security version of a processor's firmware (TCB_VERSION), as reports and certificates state it.

Source: AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification", table "TCB_VERSION": one
layout up to Genoa, another from Turin on; 57230 for the extensions that carry the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditkit.errors import EvidenceError
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
            raise EvidenceError(f"the certificate of {certificate.common_name} says no version of the {name}")
        numbers[name] = parse_der(value).integer()
        if numbers[name] > 255:
            raise EvidenceError(f"the certificate of {certificate.common_name} says an impossible version")
    return TcbVersion(**numbers)
