"""The process that a command runs in: where its modules come from, how often it collects garbage, how it is ended."""

from auditkit.cli.process.collecting import collect_seldom
from auditkit.cli.process.foreign_code import warn_about_foreign_code
from auditkit.cli.process.interruption import ended_like_interrupted

__all__ = ["collect_seldom", "ended_like_interrupted", "warn_about_foreign_code"]
