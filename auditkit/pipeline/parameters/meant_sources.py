"""What somebody probably meant whose source is a file that is not there."""

from __future__ import annotations

import difflib
import re
from typing import Final

from auditkit.trust import MAINNET, case_names

_NOTHING: Final = ("null", "none", "nil", "nothing", "no")
_WORDS: Final = {"election_source": ("registry", "catalogue"), "provenance_source": ("github",)}
_HAVE_CASES: Final = (
    "proposal_source",
    "base_image",
    "recovery_image",
    "attestation_report",
    "provenance_source",
)
_WITNESS: Final = re.compile(r"(?:proposals?)?[\s:#=_/-]*([1-9][0-9]{0,15})", re.ASCII)
_HOST: Final = re.compile(
    r"(?!.*\.(?:bin|cbor|crt|der|hex|img|json|pem|tar|txt|xz|ya?ml|zst)$)(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?",
    re.ASCII,
)


def meant_source(parameter: str, place: str) -> str | None:
    """A hint about a place that is no file, by the words that the parameter takes; None where it resembles none."""
    plain = place.strip().casefold()
    if plain in _NOTHING:
        return "for nothing, write null" if parameter != "proposal_source" else None
    if parameter == "proposal_source" and plain in (MAINNET.name, "nns", "ic"):
        return f"for {MAINNET.name}, leave it out"
    if parameter == "election_source" and (number := _WITNESS.fullmatch(plain)):
        return f"did you mean proposal:{number[1]}?"
    if near := difflib.get_close_matches(plain, _WORDS.get(parameter, ()), n=1):
        return f"did you mean {near[0]}?"
    if _HOST.fullmatch(plain):
        return f"did you mean https://{plain}?"
    if parameter in _HAVE_CASES:
        name = plain.rpartition(":")[2].removeprefix("practice/")
        if near := difflib.get_close_matches(name[:100], case_names(), n=1, cutoff=0.8):
            return f"did you mean practice:{near[0]}?"
    return None
