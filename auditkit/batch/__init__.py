"""How many audits stand: planned and run as one batch, and the newest verdict of each subject."""

from auditkit.batch.audit_process import AuditJob, AuditResult
from auditkit.batch.batch import plan_batch, run_batch
from auditkit.batch.batch_document import OVERVIEW_NAME, BatchDocument, batch_schema
from auditkit.batch.index_page import write_index
from auditkit.batch.reports import AuditSubject
from auditkit.batch.status import Standing, Status, StatusRow, age_text, read_status, status_fields
from auditkit.batch.workers import dask_workers, local_workers

__all__ = [
    "OVERVIEW_NAME",
    "AuditJob",
    "AuditResult",
    "AuditSubject",
    "BatchDocument",
    "Standing",
    "Status",
    "StatusRow",
    "age_text",
    "batch_schema",
    "dask_workers",
    "local_workers",
    "plan_batch",
    "read_status",
    "run_batch",
    "status_fields",
    "write_index",
]
