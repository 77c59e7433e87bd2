"""Who runs an audit: parameters, the steps, the notebook runner."""

from auditkit.running.attestation import AttestationStep, check_attestation
from auditkit.running.audit_process import AuditJob, AuditResult
from auditkit.running.base_image_step import read_base_image
from auditkit.running.batch import plan_batch, run_batch, write_overview
from auditkit.running.batch_document import BatchDocument, batch_schema
from auditkit.running.document import check, conclude, demand_pass, write_report
from auditkit.running.measurement_step import measure_base
from auditkit.running.named_parameters import named_parameters
from auditkit.running.notebook import notebook_path, parameter_file, require_parameters, run_notebook
from auditkit.running.overlap_step import compare_measurements
from auditkit.running.parameters import Parameters
from auditkit.running.proposal_step import read_proposal, refusal
from auditkit.running.record import is_record
from auditkit.running.recovery import RecoveryStep, check_recovery_image
from auditkit.running.replay import replay
from auditkit.running.reports import AuditSubject
from auditkit.running.run import run_audit
from auditkit.running.sources import (
    CertifiedProposal,
    fetch_proposal,
    preflight,
    read_proposal_file,
)
from auditkit.running.status import Standing, Status, StatusRow, read_status, status_json, told_age
from auditkit.running.steps import BaseImageStep, MeasurementStep, OverlapStep, ProposalStep
from auditkit.running.workforce import dask_workers, local_workers

__all__ = [
    "AttestationStep",
    "AuditJob",
    "AuditResult",
    "AuditSubject",
    "BaseImageStep",
    "BatchDocument",
    "CertifiedProposal",
    "MeasurementStep",
    "OverlapStep",
    "Parameters",
    "ProposalStep",
    "RecoveryStep",
    "Standing",
    "Status",
    "StatusRow",
    "batch_schema",
    "check",
    "check_attestation",
    "check_recovery_image",
    "compare_measurements",
    "conclude",
    "dask_workers",
    "demand_pass",
    "fetch_proposal",
    "is_record",
    "local_workers",
    "measure_base",
    "named_parameters",
    "notebook_path",
    "parameter_file",
    "plan_batch",
    "preflight",
    "read_base_image",
    "read_proposal",
    "read_proposal_file",
    "read_status",
    "refusal",
    "replay",
    "require_parameters",
    "run_audit",
    "run_batch",
    "run_notebook",
    "status_json",
    "told_age",
    "write_overview",
    "write_report",
]
