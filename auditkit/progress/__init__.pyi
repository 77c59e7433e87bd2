from .here import progress_here
from .remote import listening
from .terminal import Bars, Progress, Silent, Throttled, progress_on_terminal

__all__ = [
    "Bars",
    "Progress",
    "Silent",
    "Throttled",
    "listening",
    "progress_here",
    "progress_on_terminal",
]
