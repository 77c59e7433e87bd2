"""Step 3: what does the release boot (checks 18 to 22, with 51, or 59 of an election)?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from auditkit.audit import Trouble
from auditkit.decision import Check
from auditkit.guestos import BootArgs, BootFiles, GuestImage, VerityRoot
from auditkit.pipeline.records import ImageRecord
from auditkit.pipeline.steps.step import Step
from auditkit.sev import PublishedMeasurement


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BaseImageStep(Step):
    """What the base release boots.

    Attributes:
        version: 40 hex digits, found out if the parameters say ``auto``.
        image: what was read; None when there is no readable image. Its ``tree`` is there if it is to be compared.
        boot_args: its command lines.
        published: the release's own list of measurements, None with the reason in ``published_missing``.
        record: what a replay has to know besides the evidence; None when the step was not reached.
        fetched: whether the image came from its address now, and not from an earlier download.
    """

    title: ClassVar[str] = "The base release"

    version: str | None = None
    image: GuestImage | None = None
    boot_args: BootArgs | None = None
    published: tuple[PublishedMeasurement, ...] | None = None
    published_missing: str = ""
    record: ImageRecord | None = None
    fetched: bool = False

    @property
    def boot(self) -> BootFiles | None:
        """The measured files."""
        return self.image.boot if self.image else None

    @property
    def verity(self) -> VerityRoot | None:
        """The dm-verity root of its root.img; None for a bare boot partition too."""
        return self.image.verity if self.image else None


def troubled_image(trouble: tuple[Trouble, ...]) -> BaseImageStep:
    """The step when there is no image that can be read."""
    return BaseImageStep(trouble=trouble, record=ImageRecord(trouble=trouble))


def unread_image(version: str | None, members: Iterable[Check]) -> BaseImageStep:
    """The step of an audit that stops at the certificates."""
    why = "Only certificates are read (depth: certificates); nobody looked at the image."
    return BaseImageStep(
        decisions=tuple(check.skipped(why) for check in members),
        obstacle=why,
        version=version,
        record=ImageRecord(version=version),
    )
