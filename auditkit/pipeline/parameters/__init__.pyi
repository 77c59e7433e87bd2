from .commented_files import commented_file
from .meanings import MEANINGS, TOPICS, Meaning, Topic
from .meant_sources import meant_source
from .named import named_parameters, names_file, proposal_parameters, short_name
from .notebook_cells import names_set_by
from .parameters import Parameters
from .source import STANDARD_INPUT, is_pipe, source_name
from .whom_to_ask import (
    CATALOGUE_SOURCE,
    GITHUB_SOURCE,
    REGISTRY_SOURCE,
    hinted_nodes,
    names_no_place,
    witness_number,
)
from .wording import ENVIRONMENT

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
    "names_set_by",
    "proposal_parameters",
    "short_name",
    "source_name",
    "witness_number",
]
