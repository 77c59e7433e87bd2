"""All cases, table by table."""

from __future__ import annotations

from audit.outcomes import (
    attestation,
    base,
    certificate,
    content,
    election,
    measurements,
    proposal,
    recovery,
    registry,
    reports,
    settings,
    steps,
)

TABLES = (
    certificate,
    proposal,
    content,
    base,
    measurements,
    recovery,
    attestation,
    settings,
    registry,
    election,
    reports,
    steps,
)
CASES = tuple(case for table in TABLES for case in table.CASES)
