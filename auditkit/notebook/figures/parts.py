"""The pictures of an audit's parts, as notebooks ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from auditkit.notebook.figures.canvas import Drawing
from auditkit.notebook.figures.hash_tree import hash_tree_drawing
from auditkit.notebook.figures.ladders import election_drawing, recovery_drawing, root_of_trust_drawing
from auditkit.notebook.figures.launch_chain import launch_chain_drawing
from auditkit.notebook.figures.overlap import overlap_drawing
from auditkit.notebook.figures.partitions import partitions_drawing
from auditkit.report.rendering import chain_svg
from auditkit.sev import LaunchPages, launch_pages

if TYPE_CHECKING:
    from auditkit.audit import Overlap
    from auditkit.pipeline import Audit, BaseImageStep, MeasurementStep, ProposalStep, Step


_LINK: Final = re.compile(r"</?a\b[^>]*>")


def chain(steps: Iterable[Step]) -> Drawing:
    """The chain from the NNS key to the chip, each link with its outcome."""
    decisions = [decision for step in steps for decision in step.decisions]
    # The links of the report's page lead nowhere in a notebook, and JupyterLab stumbles over links in a picture.
    return Drawing(_LINK.sub("", chain_svg(decisions)), "The chain, link by link.", pixels=420)


def hash_tree(proposal: ProposalStep, beside: ProposalStep | None = None) -> Drawing:
    """The hash tree of the certificate that the proposal came in, and what was left out of it.

    Args:
        beside: the same proposal as another audit has it; a root hash that is another than there is marked.
    """
    return hash_tree_drawing(proposal.certificate, None if beside is None else beside.certificate)


def partitions(base: BaseImageStep) -> Drawing:
    """What the image holds, and which part of it is measured."""
    return partitions_drawing(base.image, base.boot_args)


def pages_of(measured: MeasurementStep, row: int = 0) -> LaunchPages:
    """Every page that one of the computed measurements was made from; none where nothing was measured.

    Args:
        row: which of the measurements, as they are listed, from 0.
    """
    if measured.boot is None or not 0 <= row < len(measured.computed):
        return LaunchPages((), (), (), b"")
    return launch_pages(measured.boot, measured.computed[row])


def launch_chain(pages: LaunchPages) -> Drawing:
    """A launch measurement as the chain of digests that it is."""
    return launch_chain_drawing(pages)


def overlap(rows: Iterable[Overlap]) -> Drawing:
    """Measurements in the proposal against computed ones, as a picture that reads in black and white too."""
    return overlap_drawing(rows)


def election(audit: Audit) -> Drawing:
    """Who says what about the release: the NNS, its image, and the proposal."""
    return election_drawing(audit)


def recovery_image(audit: Audit) -> Drawing:
    """What ties the recovery image to the base release and to the proposal."""
    return recovery_drawing(audit)


def root_of_trust(audit: Audit) -> Drawing:
    """Who vouches for what the recovered node says of itself."""
    return root_of_trust_drawing(audit.node, audit.proposal)
