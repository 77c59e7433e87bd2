from .audit_process import AuditJob, AuditResult
from .batch import plan_batch, run_batch
from .batch_document import OVERVIEW_NAME, BatchDocument, batch_schema
from .index_page import write_index
from .status import Standing, Status, StatusRow, age_text, read_status, status_fields
from .subject import AuditSubject
from .workers import dask_workers, local_workers

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
