"""Whom does an audit believe? Mainnet by default; another network only where somebody names it.

from auditkit.trust import MAINNET, parse_trust

trust = parse_trust("practice")
trust.qualification  # what a verdict under it has to be told with
"""

from auditkit.trust.naming import names_trust, parse_trust, trust_in, trust_named
from auditkit.trust.trust import MAINNET, Trust
from auditkit.trust.worlds import World, WorldPlace, WorldSources, join, world, world_place

__all__ = [
    "MAINNET",
    "Trust",
    "World",
    "WorldPlace",
    "WorldSources",
    "join",
    "names_trust",
    "parse_trust",
    "trust_in",
    "trust_named",
    "world",
    "world_place",
]
