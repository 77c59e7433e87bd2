from .agreement import decide_blessed, decide_certified_digest, decide_certified_measurements
from .elected import CatalogueWord, Elected, decide_elected, unasked
from .outcome import ServedImage, decide_proposed, decide_record, decide_served
from .proposal import decide_election_content
from .witness import ElectedRelease

__all__ = [
    "CatalogueWord",
    "Elected",
    "ElectedRelease",
    "ServedImage",
    "decide_blessed",
    "decide_certified_digest",
    "decide_certified_measurements",
    "decide_elected",
    "decide_election_content",
    "decide_proposed",
    "decide_record",
    "decide_served",
    "unasked",
]
