"""What a target promises beyond raising nothing but its typed errors."""

from __future__ import annotations


def hold(promise: bool, what: str) -> None:
    """Raises when a promise is broken."""
    if not promise:
        raise RuntimeError(f"broken promise: {what}")
