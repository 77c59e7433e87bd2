"""Pictures that notebooks show: each is drawn from a part of an audit, and reads in a light and in a dark theme."""

from auditkit.notebook.figures.canvas import Drawing
from auditkit.notebook.figures.outcomes import outcomes_drawing
from auditkit.notebook.figures.parts import (
    chain,
    election,
    hash_tree,
    launch_chain,
    overlap,
    pages_of,
    partitions,
    recovery_image,
    root_of_trust,
)

__all__ = [
    "Drawing",
    "chain",
    "election",
    "hash_tree",
    "launch_chain",
    "outcomes_drawing",
    "overlap",
    "pages_of",
    "partitions",
    "recovery_image",
    "root_of_trust",
]
