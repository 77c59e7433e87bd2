"""Who built the practice releases: an authority and logs like sigstore's, and attestations by them."""

from auditkit.practice.builds.built import RULES, Built, practice_authority

__all__ = ["RULES", "Built", "practice_authority"]
