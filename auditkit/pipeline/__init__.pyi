from .audit import Audit, check
from .boot_partition import write_boot_partition
from .document import conclude, demand_pass, write_report
from .parameters import Parameters, named_parameters
from .questions import (
    Answer,
    compare_images,
    compare_with_list,
    read_proposal,
    verify_attestation,
    verify_provenance,
)
from .records import is_record, record_schema
from .redaction import redacted_parameters, redacted_text
from .replayed_audit import replay, replayed
from .sources.places import CertifiedAnswer, fetch_proposal, preflight, read_proposal_file
from .steps import (
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
from .vouching import Originals, Preview, look_before_signing, repeat_audit, unread_in

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
    "preflight",
    "read_proposal",
    "read_proposal_file",
    "record_schema",
    "redacted_parameters",
    "redacted_text",
    "refusal",
    "repeat_audit",
    "replay",
    "replayed",
    "unread_in",
    "verify_attestation",
    "verify_provenance",
    "write_boot_partition",
    "write_report",
]
