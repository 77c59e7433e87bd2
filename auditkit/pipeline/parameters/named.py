"""The parameters of an audit by what a user calls them."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.pipeline.parameters.parameters import Parameters
from auditkit.trust import world_place


def named_parameters(source: str, overrides: Sequence[str]) -> Parameters:
    """The parameters of a file, a pipe, ``-``, or of ``practice:SCENARIO``, with ``NAME=VALUE`` overrides.

    Raises:
        ParameterError: there is no such scenario, or the parameters make no sense.
        SourceError: there is no such file.
    """
    if (inside := world_place(source)) is not None:
        source = str(inside.sources.parameter_file(inside.case))
    return Parameters.from_file(source, overrides)
