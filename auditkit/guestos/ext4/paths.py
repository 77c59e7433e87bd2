"""Paths inside an image: bytes, relative to its root."""

from __future__ import annotations

import os


def components(path: bytes | str) -> list[bytes]:
    """The names on the way to ``path``, without empty ones and dots."""
    data = os.fsencode(path) if isinstance(path, str) else path
    return [part for part in data.split(b"/") if part not in (b"", b".")]


def shown(path: bytes | str) -> str:
    """``path`` as messages show it."""
    data = os.fsencode(path) if isinstance(path, str) else path
    return "/" + data.lstrip(b"/").decode("utf-8", "backslashreplace")
