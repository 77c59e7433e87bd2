"""The registry of the NNS in a folder: every version of it, certified, brought up to date, and looked up offline."""

from auditkit.evidence.registry_sync.batch import Batch
from auditkit.evidence.registry_sync.chips import chips_in_registry
from auditkit.evidence.registry_sync.folder import KeptRecord, SyncedRegistry, open_registry
from auditkit.evidence.registry_sync.node_spells import NodeCounts, NodeSpell
from auditkit.evidence.registry_sync.standing import Standing
from auditkit.evidence.registry_sync.store import require_store
from auditkit.evidence.registry_sync.sync import Synced, sync_registry
from auditkit.evidence.registry_sync.verification import VerifiedFolder, verify_folder

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
