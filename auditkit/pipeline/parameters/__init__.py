"""What to audit, and how: the parameters, from a file, a notebook, a name or a mapping."""

from auditkit.pipeline.parameters.commented_file import commented_file
from auditkit.pipeline.parameters.meanings import MEANINGS, TOPICS, Meaning, Topic
from auditkit.pipeline.parameters.meant_source import meant_source
from auditkit.pipeline.parameters.named import (
    named_parameters,
    names_file,
    proposal_parameters,
    short_name,
)
from auditkit.pipeline.parameters.parameters import Parameters
from auditkit.pipeline.parameters.source import STANDARD_INPUT, is_pipe, source_name
from auditkit.pipeline.parameters.whom_to_ask import (
    CATALOGUE_SOURCE,
    GITHUB_SOURCE,
    REGISTRY_SOURCE,
    hinted_nodes,
    names_no_place,
    witness_number,
)
from auditkit.pipeline.parameters.wording import ENVIRONMENT

__all__ = [
    "CATALOGUE_SOURCE",
    "ENVIRONMENT",
    "GITHUB_SOURCE",
    "MEANINGS",
    "REGISTRY_SOURCE",
    "STANDARD_INPUT",
    "TOPICS",
    "Meaning",
    "Parameters",
    "Topic",
    "commented_file",
    "hinted_nodes",
    "is_pipe",
    "meant_source",
    "named_parameters",
    "names_file",
    "names_no_place",
    "proposal_parameters",
    "short_name",
    "source_name",
    "witness_number",
]
