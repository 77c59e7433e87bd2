"""The practice registry canister: a small history of records, and what it answers about them."""

from auditkit.practice.nns.registry.canister import query_reply, update_reply
from auditkit.practice.nns.registry.history import (
    FIRST_VERSION,
    History,
    Mutation,
    MutationKind,
    Version,
    registry_history,
)

__all__ = [
    "FIRST_VERSION",
    "History",
    "Mutation",
    "MutationKind",
    "Version",
    "query_reply",
    "registry_history",
    "update_reply",
]
