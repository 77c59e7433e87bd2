"""Checks 18 to 22, with 51, about an image that was read, now or when its record was made."""

from __future__ import annotations

from dataclasses import replace

from auditkit.audit import (
    AttestedDigest,
    decide_boot_args,
    decide_file_system,
    decide_root_hash,
    decide_version,
    warn_about_plain_http,
)
from auditkit.decision import Decision, Outcome
from auditkit.evidence import Evidence
from auditkit.guestos import GuestImage, parse_boot_args
from auditkit.limits import LIMITS
from auditkit.pipeline.records import ImageFacts, ImageRecord
from auditkit.pipeline.steps.base.base_image import BaseImageStep
from auditkit.pipeline.steps.base.wanted import (
    PublishedBeside,
    WantedImage,
    decide_digest_of_image,
    listed_in,
    names_of,
)
from auditkit.pipeline.steps.evidence_names import BOOT_ARGS, FIRMWARE, IMAGE, IMAGE_SUMS, INITRD, KERNEL
from auditkit.sev import parse_launch_measurements


def decide_image(
    image: GuestImage, wanted: WantedImage, beside: PublishedBeside, *, origin: str, file_name: str
) -> BaseImageStep:
    """Decides checks 18 to 22 about an image that was read, now or when its record was made.

    Args:
        origin: where it came from, as reports show it.
        file_name: how SHA256SUMS calls it.

    Raises:
        EvidenceError: the listing or the boot arguments are malformed.
    """
    boot = image.boot
    boot_args = parse_boot_args(boot.boot_args)
    listing = beside.listing
    named = (IMAGE, *names_of(beside.sums))
    digest = listed_in(beside.sums, file_name, beside.sums_missing)
    texts = [text for text in (image.version_text, boot.version_text) if text is not None]
    return BaseImageStep(
        decisions=(
            _over_the_wire(
                decide_digest_of_image(image.sha256, wanted, digest, named),
                origin,
            ),
            decide_version(texts, wanted.version, (IMAGE,)),
            decide_file_system(
                image.has_checksums, image.entries, (IMAGE,), data_behind=image.data_behind_boot
            ),
            decide_boot_args(boot_args, (BOOT_ARGS,)),
            decide_root_hash(
                boot_args,
                wanted.boot_args,
                image.verity,
                (IMAGE, BOOT_ARGS),
                has_overlay=image.has_overlay,
                blessed=wanted.blessed_root,
            ),
            *wanted.agreement(image.sha256, (IMAGE,)),
        ),
        evidence=(
            Evidence(IMAGE, image.sha256, image.size, origin),
            *((beside.sums,) if beside.sums else ()),
            *((listing,) if listing else ()),
            Evidence.of_bytes(FIRMWARE, boot.firmware, f"/OVMF_SEV.fd of {IMAGE}"),
            Evidence.of_bytes(KERNEL, boot.kernel, f"/vmlinuz of {IMAGE}"),
            Evidence.of_bytes(INITRD, boot.initrd, f"/initrd.img of {IMAGE}"),
            Evidence.of_bytes(BOOT_ARGS, boot.boot_args, f"/boot_args of {IMAGE}"),
        ),
        version=wanted.version,
        image=image,
        boot_args=boot_args,
        published=parse_launch_measurements(listing.read(LIMITS.answer_bytes)) if listing else None,
        published_missing=beside.listing_missing,
        record=ImageRecord(
            version=wanted.version,
            facts=ImageFacts.of(image, origin=origin, file_name=file_name),
            file_name=file_name,
            published_missing=beside.listing_missing,
            sums_missing=beside.sums_missing,
        ),
    )


def with_attested(
    step: BaseImageStep, wanted: WantedImage, attested: AttestedDigest, evidence: tuple[str, ...]
) -> BaseImageStep:
    """The step with check 18 decided anew, now that the SHA256SUMS beside the image is attested.

    Args:
        attested: the digest in it.
        evidence: what the attestation rests on.
    """
    image, record = step.image, step.record
    sums = next((item for item in step.evidence if item.name == IMAGE_SUMS), None)
    if image is None or record is None or record.facts is None or sums is None:
        return step
    listed = listed_in(sums, record.file_name, "")
    made = decide_digest_of_image(image.sha256, wanted, listed, (IMAGE, *evidence), attested)
    if made.outcome is not Outcome.PASS:
        return step
    return replace(
        step, decisions=tuple(made if decision.id == made.id else decision for decision in step.decisions)
    )


def _over_the_wire(decision: Decision, origin: str) -> Decision:
    """Check 18 about an image from ``origin``; a digest that the NNS signed leaves nothing to somebody on the way."""
    return decision if decision.outcome is Outcome.PASS else warn_about_plain_http(decision, origin)
