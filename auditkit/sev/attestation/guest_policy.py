"""The guest policy of SEV-SNP: what the host may do with a guest.

Source: AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification", table "Guest Policy".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuestPolicy:
    """What the host may do with the guest; fixed at its launch and part of every report.

    Attributes:
        value: the 64-bit number.
    """

    value: int

    @property
    def debug(self) -> bool:
        """Whether the host may read and write the guest's memory."""
        return bool(self.value >> 19 & 1)

    @property
    def migration(self) -> bool:
        """Whether a migration agent may move the guest, and so see all of it."""
        return bool(self.value >> 18 & 1)

    @property
    def smt(self) -> bool:
        """Whether simultaneous multi-threading is allowed."""
        return bool(self.value >> 16 & 1)

    @property
    def single_socket(self) -> bool:
        """Whether the guest may only run on one socket."""
        return bool(self.value >> 20 & 1)

    @property
    def well_formed(self) -> bool:
        """Whether bit 17, which has to be one, is one, and bits 26 to 63, which have to be zero, are zero."""
        return bool(self.value >> 17 & 1) and not self.value >> 26

    def __str__(self) -> str:
        said = (
            f"debug {'on' if self.debug else 'off'}",
            f"migration {'on' if self.migration else 'off'}",
            f"SMT {'allowed' if self.smt else 'not allowed'}",
            f"single socket {'demanded' if self.single_socket else 'not demanded'}",
        )
        return f"{self.value:#x}: {', '.join(said)}"
