"""The parameters of an audit by what a user calls them."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit import practice
from auditkit.pipeline.packaged import parameter_file
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.sources import PRACTICE


def named_parameters(source: str, overrides: Sequence[str]) -> Parameters:
    """The parameters of a file, a pipe, ``-``, or of ``practice:SCENARIO``, with ``NAME=VALUE`` overrides.

    Raises:
        ParameterError: there is no such scenario, or the parameters make no sense.
        SourceError: there is no such file.
    """
    if source.startswith(PRACTICE):
        source = str(parameter_file(practice.scenario(source.removeprefix(PRACTICE)).name))
    return Parameters.from_file(source, overrides)
