"""The steps of an audit, each a function of what came before.

    proposal ──► election ──► base image ──► measurements ──► overlap ──► recovery image, root, node, chips, build

A step decides its checks and keeps the evidence that they rest on. Errors about bytes and sources are trouble of the
step; `auditkit.pipeline.audit` puts the steps together.
"""

from auditkit.pipeline.steps.base_image import BaseImageStep
from auditkit.pipeline.steps.chips import ChipsStep
from auditkit.pipeline.steps.election import ElectionStep
from auditkit.pipeline.steps.measurements import MeasurementStep
from auditkit.pipeline.steps.node import NodeStep
from auditkit.pipeline.steps.overlap import OverlapStep
from auditkit.pipeline.steps.proposal import ProposalStep, refusal
from auditkit.pipeline.steps.provenance import ProvenanceStep
from auditkit.pipeline.steps.recovery import RecoveryStep
from auditkit.pipeline.steps.roots import RootsStep
from auditkit.pipeline.steps.step import ASKS, Asks, Step

__all__ = [
    "ASKS",
    "Asks",
    "BaseImageStep",
    "ChipsStep",
    "ElectionStep",
    "MeasurementStep",
    "NodeStep",
    "OverlapStep",
    "ProposalStep",
    "ProvenanceStep",
    "RecoveryStep",
    "RootsStep",
    "Step",
    "refusal",
]
