"""The process that a command runs in: where its modules may come from, and how it is ended."""

from auditkit.cli.process.foreign_code import warn_about_foreign_code
from auditkit.cli.process.interruption import ended_like_interrupted

__all__ = ["ended_like_interrupted", "warn_about_foreign_code"]
