"""In which order it is asked: parameters, the steps of an audit, its document and its replay."""

from auditkit.packaged import notebook_path
from auditkit.pipeline.attestation import AttestationStep, check_attestation
from auditkit.pipeline.base_image_step import read_base_image
from auditkit.pipeline.document import check, conclude, demand_pass, write_report
from auditkit.pipeline.measurement_step import measure_base
from auditkit.pipeline.named_parameters import named_parameters
from auditkit.pipeline.overlap_step import compare_measurements
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.proposal_step import read_proposal, refusal
from auditkit.pipeline.record import is_record
from auditkit.pipeline.recovery import RecoveryStep, check_recovery_image
from auditkit.pipeline.redaction import redacted_parameters
from auditkit.pipeline.replay import replay
from auditkit.pipeline.sources import CertifiedProposal, fetch_proposal, preflight, read_proposal_file
from auditkit.pipeline.steps import BaseImageStep, MeasurementStep, OverlapStep, ProposalStep

__all__ = [
    "AttestationStep",
    "BaseImageStep",
    "CertifiedProposal",
    "MeasurementStep",
    "OverlapStep",
    "Parameters",
    "ProposalStep",
    "RecoveryStep",
    "check",
    "check_attestation",
    "check_recovery_image",
    "compare_measurements",
    "conclude",
    "demand_pass",
    "fetch_proposal",
    "is_record",
    "measure_base",
    "named_parameters",
    "notebook_path",
    "preflight",
    "read_base_image",
    "read_proposal",
    "read_proposal_file",
    "redacted_parameters",
    "refusal",
    "replay",
    "write_report",
]
