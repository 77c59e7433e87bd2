"""Numbers as our documents write them.

A JSON number is exact up to 2^53 in every reader (RFC 8259, section 6). So no number of ours reaches it, and one that
does is refused where it comes in: a parameter, an option, a record. Numbers of the Internet Computer, which
have 64 bits, are told as digits in a text instead.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from pydantic import Field

EXACT: Final = 1 << 53
"""The first number that is not exact everywhere."""

Count: TypeAlias = Annotated[int, Field(ge=0, lt=EXACT)]
"""A size in bytes, a number of things, or a set of bits."""

ProposalNumber: TypeAlias = Annotated[int, Field(ge=1, lt=EXACT)]
"""The number of an NNS proposal. Governance counts them up from 1 and stands below a million."""

_SEPARATED: Final = re.compile(r"[0-9]{1,3}(?:[.,'_ ][0-9]{3})+", re.ASCII)
_ADDRESS: Final = re.compile(r"https?://\S*/proposals?/([0-9]+)/?(?:[?#].*)?", re.ASCII)


def proposal_digits(text: str) -> str | None:
    """The decimal digits of a proposal that somebody wrote in another way (``#139000``, ``139,000``); else None."""
    plain = text.strip().strip("'\"#").strip()
    if _SEPARATED.fullmatch(plain):
        plain = re.sub(r"[^0-9]", "", plain)
    elif address := _ADDRESS.fullmatch(plain):
        plain = address[1]
    plain = plain.lstrip("0") if plain.isascii() else ""
    return plain if plain.isdecimal() and len(plain) < 16 else None
