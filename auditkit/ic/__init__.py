"""What did the NNS sign? Certificate bytes in, a proposal and decisions out. No network, no notebook.

>>> from pathlib import Path
>>> from auditkit.ic import verify_proposal
>>> from auditkit.trust import trust_named
>>> data = Path("reports/sample/evidence/proposal.cbor").read_bytes()
>>> key = trust_named("practice").root_key
>>> seen = verify_proposal(data, root_key=key, proposal_id=900001, stage="recover", request=None)
>>> seen.bless.rootfs_hash[:8], len(seen.bless.chip_ids)
('e212c0a0', 2)
"""

from auditkit.ic.bls import DST, G2_GENERATOR, Opinion, Opinions
from auditkit.ic.candid import encode_nat64_argument
from auditkit.ic.certificate import (
    STATE_ROOT_DOMAIN,
    CanisterRange,
    Certificate,
    Delegation,
    read_certificate,
    read_form,
)
from auditkit.ic.election import NNS_FUNCTION_REVISE_ELECTED, ElectionPayload, decode_election
from auditkit.ic.election_verification import ElectionVerification, verify_election
from auditkit.ic.governance import (
    ACTIONS,
    BLESS_ACTION,
    ELECTION_TOPIC,
    EXECUTE_ACTION,
    GET_PROPOSAL_INFO,
    LARGEST_PAGE,
    LIST_PROPOSALS,
    OTHER_TOPICS,
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
    ProposalPage,
    ProposalStatus,
    Tally,
    decode_list_proposals,
    decode_proposal_info,
    encode_list_proposals_argument,
    verify_proposal_page,
)
from auditkit.ic.hash_tree import (
    Empty,
    Fork,
    Found,
    FoundSubtree,
    HashTree,
    Labeled,
    Leaf,
    Pruned,
    root_hash,
)
from auditkit.ic.principal import ANONYMOUS, GOVERNANCE, REGISTRY, Principal
from auditkit.ic.proposal_verification import (
    ProposalVerification,
    Stage,
    verify_embedded_proposal,
    verify_proposal,
)
from auditkit.ic.public_key import (
    DER_PREFIX,
    MAINNET_ROOT_KEY,
    is_named_root_key,
    named_root_key,
    parse_root_key,
)
from auditkit.ic.request import (
    CallRequest,
    call_content,
    encode_envelope,
    parse_request,
    query_content,
    read_state_content,
    request_id,
)
from auditkit.ic.verification import CertificateVerification, time_text, verify_certificate

__all__ = [
    "ACTIONS",
    "ANONYMOUS",
    "BLESS_ACTION",
    "DER_PREFIX",
    "DST",
    "ELECTION_TOPIC",
    "EXECUTE_ACTION",
    "G2_GENERATOR",
    "GET_PROPOSAL_INFO",
    "GOVERNANCE",
    "LARGEST_PAGE",
    "LIST_PROPOSALS",
    "MAINNET_ROOT_KEY",
    "NNS_FUNCTION_REVISE_ELECTED",
    "OTHER_TOPICS",
    "REGISTRY",
    "STATE_ROOT_DOMAIN",
    "BlessAlternativeGuestOsVersion",
    "BlessedMeasurement",
    "CallRequest",
    "CanisterRange",
    "Certificate",
    "CertificateVerification",
    "Delegation",
    "ElectionPayload",
    "ElectionVerification",
    "Empty",
    "ExecuteNnsFunction",
    "Fork",
    "Found",
    "FoundSubtree",
    "HashTree",
    "Labeled",
    "Leaf",
    "Opinion",
    "Opinions",
    "Principal",
    "Proposal",
    "ProposalInfo",
    "ProposalPage",
    "ProposalStatus",
    "ProposalVerification",
    "Pruned",
    "Stage",
    "Tally",
    "call_content",
    "decode_election",
    "decode_list_proposals",
    "decode_proposal_info",
    "encode_envelope",
    "encode_list_proposals_argument",
    "encode_nat64_argument",
    "is_named_root_key",
    "named_root_key",
    "parse_request",
    "parse_root_key",
    "query_content",
    "read_certificate",
    "read_form",
    "read_state_content",
    "request_id",
    "root_hash",
    "time_text",
    "verify_certificate",
    "verify_election",
    "verify_embedded_proposal",
    "verify_proposal",
    "verify_proposal_page",
]
