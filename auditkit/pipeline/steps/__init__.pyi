from .base import BaseImageStep
from .chips import ChipsStep
from .election import ElectionStep
from .measurements import MeasurementStep
from .node import NodeStep
from .overlap import OverlapStep
from .proposal import ProposalStep, refusal
from .provenance import ProvenanceStep
from .recovery import RecoveryStep
from .roots import RootsStep
from .step import ASKS, Asks, Step

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
