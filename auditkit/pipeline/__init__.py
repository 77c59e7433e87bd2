"""In which order it is asked: parameters, the steps of an audit, its document and its replay.

>>> from auditkit.pipeline import Audit
>>> audit = Audit.named("practice:tampered-certificate")
>>> audit.base.obstacle
'Not reached: certificate.signature failed.'
"""

from auditkit.packaged import notebook_path
from auditkit.pipeline.audit import Audit, check
from auditkit.pipeline.boot_partition import write_boot_partition
from auditkit.pipeline.document import conclude, demand_pass, write_report
from auditkit.pipeline.parameters import Parameters, named_parameters
from auditkit.pipeline.questions import (
    Answer,
    compare_images,
    compare_with_list,
    read_proposal,
    verify_attestation,
    verify_provenance,
)
from auditkit.pipeline.records import is_record, record_schema
from auditkit.pipeline.redaction import redacted_parameters, redacted_text
from auditkit.pipeline.replayed_audit import replay
from auditkit.pipeline.sources.places import CertifiedAnswer, fetch_proposal, preflight, read_proposal_file
from auditkit.pipeline.steps import (
    BaseImageStep,
    MeasurementStep,
    NodeStep,
    OverlapStep,
    ProposalStep,
    ProvenanceStep,
    RecoveryStep,
    Step,
    refusal,
)
from auditkit.pipeline.vouching import Originals, Preview, look_before_signing, repeat_audit, unread_in

__all__ = [
    "Answer",
    "Audit",
    "BaseImageStep",
    "CertifiedAnswer",
    "MeasurementStep",
    "NodeStep",
    "Originals",
    "OverlapStep",
    "Parameters",
    "Preview",
    "ProposalStep",
    "ProvenanceStep",
    "RecoveryStep",
    "Step",
    "check",
    "compare_images",
    "compare_with_list",
    "conclude",
    "demand_pass",
    "fetch_proposal",
    "is_record",
    "look_before_signing",
    "named_parameters",
    "notebook_path",
    "preflight",
    "read_proposal",
    "read_proposal_file",
    "record_schema",
    "redacted_parameters",
    "redacted_text",
    "refusal",
    "repeat_audit",
    "replay",
    "unread_in",
    "verify_attestation",
    "verify_provenance",
    "write_boot_partition",
    "write_report",
]
