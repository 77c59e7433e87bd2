"""Is a recovery image the base release with the proposal added, and is its root blessed (checks 29 to 34)?"""

from auditkit.audit.recovery.comparison import (
    RecoveryComparison,
    decide_recovery,
    decide_unknown_member_of_recovery,
)
from auditkit.audit.recovery.reference import Reference

__all__ = ["RecoveryComparison", "Reference", "decide_recovery", "decide_unknown_member_of_recovery"]
