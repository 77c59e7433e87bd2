"""The command line: one thin function a command."""

from auditkit.cli.application import main

__all__ = ["main"]
