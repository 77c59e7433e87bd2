"""The command line: one thin function a command."""

from auditkit.cli import attestations, audits, batches, images, practice, proposals, recovery, signatures
from auditkit.cli.application import main

__all__ = [
    "attestations",
    "audits",
    "batches",
    "images",
    "main",
    "practice",
    "proposals",
    "recovery",
    "signatures",
]
