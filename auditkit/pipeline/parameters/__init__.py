"""What to audit, and how: the parameters, from a file, a notebook, a name or a mapping."""

from auditkit.pipeline.parameters.named import named_parameters
from auditkit.pipeline.parameters.parameters import (
    CATALOGUE_SOURCE,
    ENVIRONMENT,
    REGISTRY_SOURCE,
    Parameters,
    witness_number,
)
from auditkit.pipeline.parameters.source import STANDARD_INPUT, is_pipe, source_name

__all__ = [
    "CATALOGUE_SOURCE",
    "ENVIRONMENT",
    "REGISTRY_SOURCE",
    "STANDARD_INPUT",
    "Parameters",
    "is_pipe",
    "named_parameters",
    "source_name",
    "witness_number",
]
