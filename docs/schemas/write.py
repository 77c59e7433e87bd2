"""Writes the schemas in this folder from the code (`make schemas`); tests keep the two in step."""

from __future__ import annotations

import json
from pathlib import Path

from auditkit.batch import batch_schema
from auditkit.cli.documents import schemas
from auditkit.pipeline.records import record_schema
from auditkit.report import schema
from auditkit.signing import predicate_schema
from auditkit.signing.building import statement_schema

SCHEMAS = {
    "audit-report-v1.json": schema(),
    "batch-v1.json": batch_schema(),
    "build-v1.json": statement_schema(),
    "replay-v2.json": record_schema(),
    "signed-report-v1.json": predicate_schema(),
    **schemas(),
}

for name, made in SCHEMAS.items():
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    Path(__file__).with_name(name).write_text(text, encoding="utf-8")
