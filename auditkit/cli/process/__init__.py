"""The process that a command runs in: where its modules may come from, what it collects, and how it is ended."""

from auditkit.cli.process.collecting import seldom_collecting
from auditkit.cli.process.foreign_code import warn_about_foreign_code
from auditkit.cli.process.interruption import ended_like_interrupted

__all__ = ["ended_like_interrupted", "seldom_collecting", "warn_about_foreign_code"]
