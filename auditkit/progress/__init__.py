"""Progress that a person can watch: on a terminal, below a notebook's cell, or across from a kernel."""

from auditkit.progress.here import progress_here
from auditkit.progress.remote import listening
from auditkit.progress.terminal import Bars, Progress, Silent, Throttled, progress_on_terminal

__all__ = ["Bars", "Progress", "Silent", "Throttled", "listening", "progress_here", "progress_on_terminal"]
