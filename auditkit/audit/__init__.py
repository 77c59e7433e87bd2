"""Do the proposal and the base release agree, and if not, why? No input or output: values in, decisions out."""

from auditkit.audit.attestation import Attestation, decide_attestation
from auditkit.audit.base import (
    decide_boot_args,
    decide_digest,
    decide_file_system,
    decide_root_hash,
    decide_unknown_member,
    decide_version,
)
from auditkit.audit.claim import CHOSEN, FOREIGN_WORLDS, SENTENCES, Claim, in_order, qualifications_of
from auditkit.audit.command_policies import (
    ATTESTATION_POLICY,
    AUTHENTIC_POLICY,
    FILES_OVERLAP_POLICY,
    PROPOSAL_POLICY,
    VERITY_POLICY,
    certificate_policy,
    compare_images_policy,
)
from auditkit.audit.content import decide_content
from auditkit.audit.known_release import contradiction
from auditkit.audit.measurements import decide_published, decide_second_opinion
from auditkit.audit.overlap import Overlap, Relation, compare, decide_overlap
from auditkit.audit.plain_http import warn_about_plain_http
from auditkit.audit.policy import OVERLAP, POLICIES, STRICT, STRICT_1, Policy, policy_named, policy_version
from auditkit.audit.recovery import (
    RecoveryComparison,
    Reference,
    decide_recovery,
    decide_unknown_member_of_recovery,
)
from auditkit.audit.root_file_system import decide_verity
from auditkit.audit.settings import (
    RELEASE_MATRIX,
    Matrix,
    decide_list,
    decide_matrix,
    decide_policy,
    decide_root_key,
)
from auditkit.audit.verdict import Judgement, Trouble, Verdict, judge

__all__ = [
    "ATTESTATION_POLICY",
    "AUTHENTIC_POLICY",
    "CHOSEN",
    "FILES_OVERLAP_POLICY",
    "FOREIGN_WORLDS",
    "OVERLAP",
    "POLICIES",
    "PROPOSAL_POLICY",
    "RELEASE_MATRIX",
    "SENTENCES",
    "STRICT",
    "STRICT_1",
    "VERITY_POLICY",
    "Attestation",
    "Claim",
    "Judgement",
    "Matrix",
    "Overlap",
    "Policy",
    "RecoveryComparison",
    "Reference",
    "Relation",
    "Trouble",
    "Verdict",
    "certificate_policy",
    "compare",
    "compare_images_policy",
    "contradiction",
    "decide_attestation",
    "decide_boot_args",
    "decide_content",
    "decide_digest",
    "decide_file_system",
    "decide_list",
    "decide_matrix",
    "decide_overlap",
    "decide_policy",
    "decide_published",
    "decide_recovery",
    "decide_root_hash",
    "decide_root_key",
    "decide_second_opinion",
    "decide_unknown_member",
    "decide_unknown_member_of_recovery",
    "decide_verity",
    "decide_version",
    "in_order",
    "judge",
    "policy_named",
    "policy_version",
    "qualifications_of",
    "warn_about_plain_http",
]
