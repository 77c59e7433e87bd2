"""What the NNS itself elected: the base release of a recovery, or the release that a proposal wants elected."""

from auditkit.audit.election.agreement import (
    decide_blessed,
    decide_certified_digest,
    decide_certified_measurements,
)
from auditkit.audit.election.elected import CatalogueWord, Elected, decide_elected, unasked
from auditkit.audit.election.outcome import ServedImage, decide_proposed, decide_record, decide_served
from auditkit.audit.election.proposal import decide_election_content
from auditkit.audit.election.witness import ElectedRelease

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
