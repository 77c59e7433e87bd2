"""The command line: one thin function a command."""

from auditkit.cli import audits, images, practising, proposals
from auditkit.cli.door import main

__all__ = ["audits", "images", "main", "practising", "proposals"]
