from .built import RULES, Built, practice_authority

__all__ = [
    "RULES",
    "Built",
    "practice_authority",
]
