"""The commands about the registry of the NNS: one answer of it, or all of it in a folder."""

from auditkit.cli.registry import chips, records
from auditkit.cli.registry.folder import registry

__all__ = ["chips", "records", "registry"]
