"""The process that a command runs in: where its modules come from, what it goes without, how it is ended."""

from auditkit.cli.process.foreign_code import warn_about_foreign_code
from auditkit.cli.process.interruption import ended_like_interrupted
from auditkit.cli.process.own_process import prepare_own_process

__all__ = ["ended_like_interrupted", "prepare_own_process", "warn_about_foreign_code"]
