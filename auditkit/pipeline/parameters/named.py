"""The parameters of an audit by what a user calls them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from auditkit.errors import ParameterError
from auditkit.pipeline.parameters.parameters import Parameters, parse_override, with_root_key
from auditkit.trust import MAINNET, world_place

_RECOVERY: Final = re.compile(rf"(?:{MAINNET.name}:)?([1-9][0-9]*)", re.ASCII)
_ELECTION: Final = re.compile(r"election:([1-9][0-9]*)", re.ASCII)


def named_parameters(source: str, overrides: Sequence[str]) -> Parameters:
    """The parameters of what a user names, with ``NAME=VALUE`` overrides.

    Args:
        source: a file, a pipe or ``-``; ``practice:SCENARIO``; the number of a recovery proposal on mainnet, also as
            ``mainnet:NUMBER``, or ``election:NUMBER`` for one that elects a release.

    Raises:
        ParameterError: there is no such scenario, or the parameters make no sense.
        SourceError: there is no such file.
    """
    if (inside := world_place(source)) is not None:
        source = str(inside.sources.parameter_file(inside.case))
    elif number := _ELECTION.fullmatch(source):
        return _of_mainnet("election", number[1], overrides)
    elif number := _RECOVERY.fullmatch(source):
        return _of_mainnet("recovery", number[1], overrides)
    elif source.startswith(("election:", f"{MAINNET.name}:")):
        raise ParameterError(
            f"{source[:80]!r} names no proposal", hint="give the number of the proposal behind the colon"
        )
    return Parameters.from_file(source, overrides)


def _of_mainnet(subject: str, number: str, overrides: Sequence[str]) -> Parameters:
    values: dict[str, object] = {
        "subject": subject,
        "proposal_id": int(number),
        "base_version": "auto",
        "stage": "auto",
        "output_dir": f"reports/{subject}-{number}",
    }
    return Parameters.from_mapping(with_root_key(values | dict(map(parse_override, overrides))))
