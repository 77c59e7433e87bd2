"""Who runs an audit: parameters, the steps, the notebook runner."""

from auditkit.running.attestation import AttestationStep, check_attestation
from auditkit.running.base_image_step import read_base_image
from auditkit.running.document import check, conclude, demand_pass, write_report
from auditkit.running.measurement_step import measure_base
from auditkit.running.notebook import notebook_path, parameter_file, require_parameters, run_notebook
from auditkit.running.overlap_step import compare_measurements
from auditkit.running.parameters import Parameters
from auditkit.running.proposal_step import read_proposal
from auditkit.running.record import is_record
from auditkit.running.recovery import RecoveryStep, check_recovery_image
from auditkit.running.replay import replay
from auditkit.running.run import run_audit
from auditkit.running.sources import (
    CertifiedProposal,
    fetch_proposal,
    preflight,
    read_proposal_file,
)
from auditkit.running.steps import BaseImageStep, MeasurementStep, OverlapStep, ProposalStep

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
    "notebook_path",
    "parameter_file",
    "preflight",
    "read_base_image",
    "read_proposal",
    "read_proposal_file",
    "replay",
    "require_parameters",
    "run_audit",
    "run_notebook",
    "write_report",
]
