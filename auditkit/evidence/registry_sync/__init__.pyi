from .batch import Batch
from .chips import chips_in_registry
from .folder import KeptRecord, SyncedRegistry, open_registry
from .node_spells import NodeCounts, NodeSpell
from .standing import Standing
from .store import require_store
from .sync import Synced, sync_registry
from .verification import VerifiedFolder, verify_folder

__all__ = [
    "Batch",
    "KeptRecord",
    "NodeCounts",
    "NodeSpell",
    "Standing",
    "Synced",
    "SyncedRegistry",
    "VerifiedFolder",
    "chips_in_registry",
    "open_registry",
    "require_store",
    "sync_registry",
    "verify_folder",
]
