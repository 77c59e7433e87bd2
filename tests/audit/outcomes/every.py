"""All cases, table by table."""

from __future__ import annotations

from audit.outcomes import (
    attestation,
    base,
    building,
    certificate,
    chips,
    content,
    elected,
    election,
    measurements,
    proposal,
    proposed,
    provenance,
    recovery,
    registry,
    reports,
    root,
    settings,
    steps,
)

TABLES = (
    certificate,
    proposal,
    content,
    base,
    building,
    measurements,
    recovery,
    attestation,
    settings,
    registry,
    elected,
    election,
    proposed,
    chips,
    provenance,
    reports,
    root,
    steps,
)
CASES = tuple(case for table in TABLES for case in table.CASES)
