"""The command line: one thin function a command."""

from auditkit.cli import attestations, audits, batches, images, practising, proposals, recovery, signatures
from auditkit.cli.door import main

__all__ = [
    "attestations",
    "audits",
    "batches",
    "images",
    "main",
    "practising",
    "proposals",
    "recovery",
    "signatures",
]
