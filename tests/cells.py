"""Cells that tests put into notebooks."""

from __future__ import annotations


def code(source: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "inserted",
        "metadata": {},
        "outputs": [],
        "source": [source],
    }
