"""An image that is refused before it is read whole: another than the wanted one, or one that no release is."""

from __future__ import annotations

from auditkit import checks
from auditkit.audit import decide_unknown_member
from auditkit.decision import Decision, Outcome
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence
from auditkit.pipeline.records import ImageRecord
from auditkit.pipeline.steps.base.base_image import BaseImageStep
from auditkit.pipeline.steps.base.wanted import WantedImage, decide_digest_of_image, listed_in, names_of
from auditkit.pipeline.steps.step import first_failure, not_reached


def wrong_image(wanted: WantedImage, observed: str, file_name: str, sums: Evidence | None) -> BaseImageStep:
    """The step when what was downloaded has another digest than the wanted one: check 18 failed.

    Args:
        observed: digest of the download.
        file_name: name of the image in ``sums``.
        sums: the SHA256SUMS beside the image.

    Raises:
        EvidenceError: of a replay: no digest was demanded, so that none can have been wrong.
    """
    made = (
        decide_digest_of_image(observed, wanted, listed_in(sums, file_name, ""), names_of(sums)),
        *wanted.agreement(observed, names_of(sums)),
    )
    if not any(decision.outcome is Outcome.FAIL for decision in made):
        raise EvidenceError("the record holds another digest of an image of which none was demanded")
    record = ImageRecord(version=wanted.version, wrong_digest=observed, file_name=file_name)
    return _refused_image(made, record, sums)


def strange_image(wanted: WantedImage, member: str, file_name: str, sums: Evidence | None) -> BaseImageStep:
    """The step when the update image holds a file that no release holds: check 18 failed.

    Args:
        member: name of that file.
        file_name: name of the image in ``sums``.
        sums: the SHA256SUMS beside the image.
    """
    record = ImageRecord(version=wanted.version, unknown_member=member, file_name=file_name)
    failed = decide_unknown_member(member, names_of(sums))
    left = (checks.ELECTION_DIGEST,) if wanted.election or wanted.unelected is not None else ()
    return _refused_image((failed, *not_reached(left, failed)), record, sums)


def _refused_image(made: tuple[Decision, ...], record: ImageRecord, sums: Evidence | None) -> BaseImageStep:
    """The step when check 18 or 51 failed before the image was read."""
    failed = first_failure(made)
    decided = {decision.id for decision in made}
    left = [check for check in checks.BASE_CHECKS if check.id not in decided]
    return BaseImageStep(
        decisions=(*made, *not_reached(left, failed)),
        evidence=(sums,) if sums else (),
        version=record.version,
        record=record,
    )
