"""The command line: one thin function a command."""

from auditkit.cli import attestations, audits, images, practising, proposals, recovery, signatures
from auditkit.cli.door import main

__all__ = ["attestations", "audits", "images", "main", "practising", "proposals", "recovery", "signatures"]
