"""The cases of attestation that the practice world holds."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

REPORT_SUFFIX: Final = ".bin"


class Attested(StrEnum):
    """What the report of the recovered node is."""

    HONEST = "a report of chip 1, which runs the base release"
    CHIP_NOT_LISTED = "a report of a chip that the proposal does not name"
    DEBUG_POLICY = "a report of a guest that its host may debug"
    OTHER_SIGNER = "a report in the name of chip 1, signed by chip 2"
    OTHER_GUEST = "a report of chip 1, which runs something else"
    EXPIRED_CHAIN = "a report with a certificate that has expired"
    FOREIGN_CHAIN = "a report whose chain leads to somebody else's root"


ATTESTED: Final = tuple(Attested)
