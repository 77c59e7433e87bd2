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
from auditkit.audit.content import decide_content
from auditkit.audit.measurements import decide_published, decide_second_opinion
from auditkit.audit.overlap import Overlap, Relation, compare, decide_overlap
from auditkit.audit.policy import OVERLAP, POLICIES, STRICT, Policy, policy_named
from auditkit.audit.recovery import (
    RecoveryComparison,
    Reference,
    decide_recovery,
    decide_unknown_member_of_recovery,
)
from auditkit.audit.verdict import Judgement, Trouble, Verdict, judge

__all__ = [
    "OVERLAP",
    "POLICIES",
    "STRICT",
    "Attestation",
    "Judgement",
    "Overlap",
    "Policy",
    "RecoveryComparison",
    "Reference",
    "Relation",
    "Trouble",
    "Verdict",
    "compare",
    "decide_attestation",
    "decide_boot_args",
    "decide_content",
    "decide_digest",
    "decide_file_system",
    "decide_overlap",
    "decide_published",
    "decide_recovery",
    "decide_root_hash",
    "decide_second_opinion",
    "decide_unknown_member",
    "decide_unknown_member_of_recovery",
    "decide_version",
    "judge",
    "policy_named",
]
