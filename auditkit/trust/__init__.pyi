from .naming import canonical_name, names_trust, parse_trust, trust_in, trust_named
from .trust import MAINNET, Trust
from .worlds import World, WorldPlace, WorldSources, case_called, case_names, join, world, world_place

__all__ = [
    "MAINNET",
    "Trust",
    "World",
    "WorldPlace",
    "WorldSources",
    "canonical_name",
    "case_called",
    "case_names",
    "join",
    "names_trust",
    "parse_trust",
    "trust_in",
    "trust_named",
    "world",
    "world_place",
]
