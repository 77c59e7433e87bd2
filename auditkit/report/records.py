"""The parts of an `auditkit.report.document.AuditDocument`, and how they follow from our own values."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol, Self

from pydantic import (
    Field,
    StringConstraints,
    field_validator,
)

from auditkit.audit.verdict import Verdict
from auditkit.decision import CheckId, EvidenceName, Sentence
from auditkit.numbers import Count, ProposalNumber
from auditkit.report.field_types import Commit, Hex, Nat64, Part, Sha256, Time
from auditkit.times import rfc3339

RECORD_NAME: Final = "replay.yaml"
"""Evidence that holds what a replay needs besides the other files (`auditkit.pipeline.record`)."""


class Tally(Part):
    """Voting power, in e8s, for and against the proposal when its certificate was made."""

    yes: Nat64
    no: Nat64
    total: Nat64


class Subject(Part):
    """What was audited. A null stands for what the audit never got to know.

    Attributes:
        proposal_url: the link inside the proposal; the proposer's text, shown but never followed.
        status: the word for the proposal's status, such as ``open`` or ``executed``.
        proposer: neuron id.
        kind: whether the proposal blesses a recovery or elects a release.
        base_version: 40 hex digits, the git commit of the base release, or of the release that is elected.
        elected_by: who certifies that the base release is elected, in words; null in the audit of an election.
        image_sha256, image_urls: of an election, what it says about the image; the proposer's text.
        unelects: of an election, the versions that it ends; the proposer's text. Null for a recovery.
        certificate_time: when the subnet signed the state that holds the proposal.
        certified_by: the key that all trust comes from, in words.
        rootfs_hash: dm-verity root of the recovery root file system, as the proposal has it.
        chip_ids: the chips that may run the recovery GuestOS, in hex.
        deadline: when voting ends; null also for a time after the year 9999.
        story: of an audit in a world to practise in: what happened in the case; null for audits of mainnet.
    """

    kind: Literal["recovery", "election"] = "recovery"
    proposal_id: ProposalNumber | None
    proposal_title: str | None = None
    proposal_url: str | None = None
    proposal_summary: str | None = None
    status: str | None = None
    topic: str | None = None
    proposer: Nat64 | None = None
    base_version: Commit | None
    elected_by: str | None = None
    image_sha256: str | None = None
    image_urls: tuple[str, ...] | None = None
    unelects: tuple[str, ...] | None = None
    stage: Literal["vote", "recover"]
    policy: Literal["strict", "overlap"]
    certificate_time: Time | None = None
    certified_by: str | None = None
    rootfs_hash: str | None = None
    chip_ids: tuple[Hex, ...] | None = None
    tally: Tally | None = None
    deadline: Time | None = None
    story: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None


class PolicyVerdicts(Part):
    """What the verdict is under each policy: a recovery has both, an election ``strict`` alone."""

    strict: Verdict
    overlap: Verdict | None


class PolicyIds(Part):
    """Name and version of the policy behind each verdict. Reports from before policies had versions use the first."""

    strict: Annotated[str, StringConstraints(pattern=r"^strict/[1-9][0-9]{0,3}$")] = "strict/1"
    overlap: Annotated[str, StringConstraints(pattern=r"^overlap/[1-9][0-9]{0,3}$")] = "overlap/1"


class Deciding(Part):
    """The decision that the verdict turns on. ``decision`` is null when trouble came before any check."""

    decision: CheckId | None
    reason: Sentence


class Tool(Part):
    """The program that made the report and the libraries its result rests on, by name."""

    name: str
    version: str
    libraries: dict[str, str]

    @field_validator("libraries")
    @classmethod
    def _in_order(cls, value: dict[str, str]) -> dict[str, str]:
        return dict(sorted(value.items()))


class DigestedFile(Protocol):
    """A file of which more or less is kept."""

    @property
    def name(self) -> str:
        """Its path below ``evidence/``."""

    @property
    def sha256(self) -> str:
        """64 hex digits."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def origin(self) -> str:
        """Where it came from."""


class FileRecord(Part):
    """A file and where it came from.

    Attributes:
        name: its path below ``evidence/``.
        size: bytes.
        origin: where the bytes came from, in words or as a URL.
    """

    name: EvidenceName
    sha256: Sha256
    size: Count
    origin: str

    @classmethod
    def of(cls, file: DigestedFile, **more: object) -> Self:
        """The record of ``file``; ``more`` are the fields that a kind of record has besides."""
        values = {"name": file.name, "sha256": file.sha256, "size": file.size, "origin": file.origin}
        return cls.model_validate({**values, **more})


class EvidenceRecord(FileRecord):
    """A file that decisions rest on.

    Attributes:
        stored: false for what is too large to keep: then only its digest is here and no file.
    """

    stored: bool = True


_ROUNDED_SECONDS: Final = 2.0


class Run(Part):
    """Times and machine: the only part that differs between two runs over the same evidence.

    Attributes:
        started: when the audit began to judge; what is over or has expired was decided as of this second.
        seconds: how long it took, getting the evidence included. A replay is told as of the audit that it repeats.
    """

    started: Time
    finished: Time
    seconds: Annotated[float, Field(ge=0)]
    machine: str
    python: str

    @property
    def is_consistent(self) -> bool:
        """Whether what is judged as of ``started`` was finished ``seconds`` later, as far as rounding goes."""
        lasted = datetime.fromisoformat(self.finished) - self.judged
        return 0 <= lasted.total_seconds() <= self.seconds + _ROUNDED_SECONDS

    @property
    def judged(self) -> datetime:
        """As of when it was decided what is over and what has expired, in UTC."""
        return datetime.fromisoformat(self.started)

    @classmethod
    def between(cls, started: float, finished: float) -> Self:
        """A run on this machine between two times, in seconds since 1970."""
        return cls(
            started=rfc3339(started),
            finished=rfc3339(max(started, finished)),
            seconds=max(round(finished - started, 3), 0.0),  # a clock may be set back
            machine=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
        )
