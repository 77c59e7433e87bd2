from .comparison import RecoveryComparison, decide_recovery, decide_unknown_member_of_recovery
from .reference import Reference

__all__ = [
    "RecoveryComparison",
    "Reference",
    "decide_recovery",
    "decide_unknown_member_of_recovery",
]
