"""What is new in the root file system of the recovery image (check 77)?

The two are gigabytes, so the images are streamed and not kept. What was found, all of it, is evidence, which a replay
reads; whoever has the images can compare them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import TypeAdapter, ValidationError

from auditkit import checks
from auditkit.audit import decide_root_changes, decide_roots_not_compared
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence
from auditkit.guestos import roots
from auditkit.limits import LIMITS
from auditkit.pipeline.records import RootsRecord
from auditkit.pipeline.steps.evidence_names import RECOVERY_IMAGE, ROOT_COMPARISON
from auditkit.pipeline.steps.step import Step
from auditkit.progress import Progress
from auditkit.report import first_fault, read_json


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RootsStep(Step):
    """What is new in the root file system.

    Attributes:
        comparison: every difference; None when they were not compared.
        record: what a replay has to know besides the evidence; None when nobody asked.
    """

    title: ClassVar[str] = "The new root file system"

    comparison: roots.RootComparison | None = None
    record: RootsRecord | None = None


def unasked_roots(*, image: bool) -> RootsStep:
    """The step where nothing is to be compared.

    Args:
        image: whether a recovery image was given.
    """
    why = (
        "The parameters ask for no comparison (compare_roots is false)."
        if image
        else "No recovery image was given."
    )
    return RootsStep(decisions=(checks.ROOT_CHANGES.skipped(why),))


def uncompared_roots(why: str) -> RootsStep:
    """The step where the two could not be compared, which is told and decides nothing.

    Args:
        why: without a full stop.
    """
    return RootsStep(decisions=(decide_roots_not_compared(why),), record=RootsRecord(missing=why))


def compared_roots(base: Path, recovery: Path, expected: tuple[str, str], progress: Progress) -> RootsStep:
    """Compares the root file systems of two images.

    Args:
        expected: the dm-verity roots of base and recovery image that the audit found, 64 hex digits each.

    Raises:
        SourceError, EvidenceError: they cannot be read, or are others by now.
    """
    comparison = roots.compare_roots(base, recovery, progress=progress.bytes_done)
    found = (comparison.base.root_hash, comparison.recovery.root_hash)
    if found != expected:
        raise EvidenceError(
            "an image was changed while it was read",
            expected=" and ".join(expected),
            observed=" and ".join(found),
        )
    data = _form().dump_json(comparison)
    if len(data) > LIMITS.root_comparison_bytes:
        raise EvidenceError(
            "the differences take more room than a report has", observed=f"{len(data):,} bytes"
        )
    return decide_roots(
        Evidence.of_bytes(ROOT_COMPARISON, data, f"compared here with {RECOVERY_IMAGE}"), expected
    )


def decide_roots(found: Evidence, expected: tuple[str, str]) -> RootsStep:
    """Decides check 77 about a comparison, made now or kept by the audit that is repeated.

    Args:
        expected: as in `compared_roots`.

    Raises:
        EvidenceError: it is none, or is about other images.
    """
    comparison = _parsed(found.read(LIMITS.root_comparison_bytes))
    if (comparison.base.root_hash, comparison.recovery.root_hash) != expected:
        raise EvidenceError("the comparison of the root file systems is about others", where=ROOT_COMPARISON)
    return RootsStep(
        decisions=(decide_root_changes(comparison, (ROOT_COMPARISON,)),),
        evidence=(found,),
        comparison=comparison,
        record=RootsRecord(),
    )


@cache
def _form() -> TypeAdapter[roots.RootComparison]:
    """Made when it is asked for: few audits have a recovery image."""
    return TypeAdapter(roots.RootComparison)


def _parsed(data: bytes) -> roots.RootComparison:
    try:
        read_json(data)
        comparison = _form().validate_json(data, strict=True)
    except ValidationError as error:
        place, fault = first_fault(error)
        raise EvidenceError(
            f"the comparison of the root file systems does not have its form: {place}: {fault}",
            where=ROOT_COMPARISON,
        ) from None
    except (ValueError, RecursionError):
        raise EvidenceError(
            "the comparison of the root file systems is not JSON", where=ROOT_COMPARISON
        ) from None
    try:
        roots.require_possible(comparison)
    except EvidenceError as error:
        raise error.at(ROOT_COMPARISON) from None
    return comparison
