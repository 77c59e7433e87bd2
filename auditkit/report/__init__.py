"""How an audit is told: one document, `audit.json`, and its renderings."""

from auditkit.report.document import AuditDocument, from_json, schema, to_json
from auditkit.report.records import (
    CommandLine,
    Deciding,
    DecisionRecord,
    EvidenceRecord,
    Label,
    MeasuredInputs,
    OverlapRecord,
    PolicyVerdicts,
    Run,
    Setting,
    Subject,
    Tally,
    Tool,
    TroubleRecord,
)

__all__ = [
    "AuditDocument",
    "CommandLine",
    "Deciding",
    "DecisionRecord",
    "EvidenceRecord",
    "Label",
    "MeasuredInputs",
    "OverlapRecord",
    "PolicyVerdicts",
    "Run",
    "Setting",
    "Subject",
    "Tally",
    "Tool",
    "TroubleRecord",
    "from_json",
    "schema",
    "to_json",
]
