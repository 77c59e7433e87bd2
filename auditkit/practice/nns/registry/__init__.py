"""The practice registry canister: a small history of records, and what it answers about them."""

from auditkit.practice.nns.registry.canister import query_reply, update_reply
from auditkit.practice.nns.registry.events import FIRST_VERSION, registry_history
from auditkit.practice.nns.registry.history import History, Mutation, MutationKind, Version
from auditkit.practice.nns.registry.node_list import node_list

__all__ = [
    "FIRST_VERSION",
    "History",
    "Mutation",
    "MutationKind",
    "Version",
    "node_list",
    "query_reply",
    "registry_history",
    "update_reply",
]
