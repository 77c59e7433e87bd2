from .canister import query_reply, update_reply
from .events import FIRST_VERSION, registry_history
from .history import History, Mutation, MutationKind, Version
from .node_lists import node_list

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
