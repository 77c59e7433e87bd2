from .certified_page import ELECTION_TOPIC, OTHER_TOPICS, ProposalPage, verify_proposal_page
from .proposal_list import LARGEST_PAGE, LIST_PROPOSALS, decode_list_proposals, encode_list_proposals_argument
from .proposals import (
    ACTIONS,
    BLESS_ACTION,
    EXECUTE_ACTION,
    GET_PROPOSAL_INFO,
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
    ProposalStatus,
    Tally,
)
from .question import Answer, decide_request
from .reply import decode_proposal_info

__all__ = [
    "ACTIONS",
    "BLESS_ACTION",
    "ELECTION_TOPIC",
    "EXECUTE_ACTION",
    "GET_PROPOSAL_INFO",
    "LARGEST_PAGE",
    "LIST_PROPOSALS",
    "OTHER_TOPICS",
    "Answer",
    "BlessAlternativeGuestOsVersion",
    "BlessedMeasurement",
    "ExecuteNnsFunction",
    "Proposal",
    "ProposalInfo",
    "ProposalPage",
    "ProposalStatus",
    "Tally",
    "decide_request",
    "decode_list_proposals",
    "decode_proposal_info",
    "encode_list_proposals_argument",
    "verify_proposal_page",
]
