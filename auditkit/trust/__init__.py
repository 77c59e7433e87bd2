"""Whom does an audit believe? Mainnet by default; another network only where somebody names it.

>>> from auditkit.trust import MAINNET, parse_trust
>>> MAINNET.qualification is None
True
>>> parse_trust("practice").qualification.value
'practice-network'
"""

from auditkit.trust.naming import canonical_name, names_trust, parse_trust, trust_in, trust_named
from auditkit.trust.trust import MAINNET, Trust
from auditkit.trust.worlds import (
    World,
    WorldPlace,
    WorldSources,
    case_called,
    case_names,
    join,
    world,
    world_place,
)

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
