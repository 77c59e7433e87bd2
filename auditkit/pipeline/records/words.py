"""Sentences of `replay.yaml` that a report tells as auditkit's own: they begin with one that auditkit writes.

What follows is the text of an error, which many write: servers, libraries, the system. A report tells it behind that
beginning, as the reason for what could not be had.
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError
from auditkit.evidence import MEASUREMENTS_NAME, SUMS_ABSENT, SUMS_UNUSABLE, SUMS_WITHOUT_IT
from auditkit.report import RECORD_NAME

NOT_ASKED: Final = "What lies beside an address of a proposal is nobody's word, and was not asked for."
NO_SUMS: Final = "There is none beside the image."
NO_LISTING: Final = f"There is no {MEASUREMENTS_NAME} beside the base image."
UNUSABLE_LISTING: Final = f"The {MEASUREMENTS_NAME} beside the base image cannot be used: "
UNHEARD: Final = "The registry's answer could not be had: "

_WHOLE: Final = frozenset(("", NOT_ASKED, NO_SUMS, NO_LISTING, SUMS_ABSENT))
_BEGINNINGS: Final = (UNUSABLE_LISTING, UNHEARD, SUMS_UNUSABLE, SUMS_WITHOUT_IT)


def require_own_words(*sentences: str) -> None:
    """Makes sure that each is empty, or one that auditkit writes where something could not be had.

    All that a version wrote since there are signed reports (0.4) are known here; a new one joins them.

    Raises:
        EvidenceError: one is in other words.
    """
    for one in sentences:
        if one not in _WHOLE and not one.startswith(_BEGINNINGS):
            raise EvidenceError(
                "the record gives a reason in words that auditkit does not write",
                where=RECORD_NAME,
                expected="one of the sentences of auditkit, or its beginning and the text of an error",
                observed=one[:200],
            )
