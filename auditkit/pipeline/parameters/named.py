"""The parameters of an audit by what a user calls it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from auditkit.audit import Subject
from auditkit.errors import SourceError
from auditkit.pipeline.parameters.mistaken_names import lacking_file, unknown_name
from auditkit.pipeline.parameters.parameters import Parameters, parse_overrides
from auditkit.pipeline.parameters.source import STANDARD_INPUT
from auditkit.trust import MAINNET, WorldPlace, case_called, world_place

_ENDINGS: Final = (".yaml", ".yml")
_PROPOSALS: Final[dict[Subject, re.Pattern[str]]] = {
    "recovery": re.compile(rf"(?:{MAINNET.name}:)?([1-9][0-9]{{0,19}})", re.ASCII),
    "election": re.compile(r"election:([1-9][0-9]{0,19})", re.ASCII),
}


class _Proposal(NamedTuple):
    subject: Subject
    number: str

    @property
    def name(self) -> str:
        """What its report folder is called."""
        return f"{MAINNET.name if self.subject == 'recovery' else self.subject}-{self.number}"


def names_file(source: str) -> bool:
    """Whether a file, a pipe or ``-`` is meant: by a slash or an ending alone, whatever the current folder holds.

    So a file that somebody put there cannot take the place of a proposal or of a scenario.
    """
    if source == STANDARD_INPUT:
        return True
    named = world_place(source) is not None or "://" in source
    return not named and ("/" in source or source.casefold().endswith(_ENDINGS))


def named_parameters(source: str, overrides: Sequence[str]) -> Parameters:
    """The parameters of what a user names, with ``NAME=VALUE`` overrides.

    Args:
        source: a file, a pipe or ``-`` (see `names_file`); the number of a recovery proposal on mainnet, also as
            ``mainnet:NUMBER``, or ``election:NUMBER`` for one that elects a release; ``practice:SCENARIO`` or the name
            of a scenario alone.

    Raises:
        ParameterError: it names nothing, or the parameters make no sense.
        SourceError: there is no such file.
    """
    if names_file(source):
        return _of_file(source, overrides)
    if (proposal := _proposal(source)) is not None:
        values = proposal_parameters(proposal.subject, int(proposal.number))
        return Parameters.from_layers(values, parse_overrides(overrides))
    inside = _case(source)
    if inside is None:
        raise unknown_name(source)
    return Parameters.from_file(inside.sources.parameter_file(inside.case), overrides)


def proposal_parameters(subject: Subject, number: int | None) -> dict[str, object]:
    """The values of the parameters that audit a proposal on mainnet; all others have their defaults.

    Args:
        number: of the proposal; None leaves it out.
    """
    values: dict[str, object] = {"subject": subject, "base_version": "auto", "stage": "auto"}
    if number is None:
        return values
    return values | {"proposal_id": number, "output_dir": f"reports/{_Proposal(subject, str(number)).name}"}


def short_name(source: str) -> str:
    """What to call an audit that a user names: ``mainnet-139000``, a scenario, a file without folder and ending."""
    if (proposal := _proposal(source)) is not None:
        return proposal.name
    inside = world_place(source)
    return inside.case if inside else Path(source).stem


def _proposal(source: str) -> _Proposal | None:
    for subject, form in _PROPOSALS.items():
        if found := form.fullmatch(source):
            return _Proposal(subject, found[1])
    return None


def _case(source: str) -> WorldPlace | None:
    return world_place(source) or case_called(source)


def _of_file(source: str, overrides: Sequence[str]) -> Parameters:
    try:
        return Parameters.from_file(source, overrides)
    except SourceError as error:
        raise lacking_file(error, source) from None
