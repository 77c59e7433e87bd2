"""What the decisions come to: a policy, the verdict under it, and what a verdict claims."""

from auditkit.audit.verdict.claim import (
    CHOSEN,
    FOREIGN_WORLDS,
    SENTENCES,
    Claim,
    in_order,
    qualifications_of,
)
from auditkit.audit.verdict.command_policies import (
    ATTESTATION_POLICY,
    AUTHENTIC_POLICY,
    FILES_OVERLAP_POLICY,
    PROPOSAL_POLICY,
    REGISTRY_POLICY,
    VERITY_POLICY,
    certificate_policy,
    compare_images_policy,
)
from auditkit.audit.verdict.judgement import (
    Judgement,
    Trouble,
    Verdict,
    judge,
)
from auditkit.audit.verdict.policy import (
    OVERLAP,
    POLICIES,
    STRICT,
    STRICT_1,
    STRICT_2,
    STRICT_3,
    Policy,
    Subject,
    is_attested,
    policy_version,
)

__all__ = [
    "ATTESTATION_POLICY",
    "AUTHENTIC_POLICY",
    "CHOSEN",
    "FILES_OVERLAP_POLICY",
    "FOREIGN_WORLDS",
    "OVERLAP",
    "POLICIES",
    "PROPOSAL_POLICY",
    "REGISTRY_POLICY",
    "SENTENCES",
    "STRICT",
    "STRICT_1",
    "STRICT_2",
    "STRICT_3",
    "VERITY_POLICY",
    "Claim",
    "Judgement",
    "Policy",
    "Subject",
    "Trouble",
    "Verdict",
    "certificate_policy",
    "compare_images_policy",
    "in_order",
    "is_attested",
    "judge",
    "policy_version",
    "qualifications_of",
]
