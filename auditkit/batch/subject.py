"""What an audit was about and asked, and which other reports one of the same may therefore take the place of."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from auditkit.audit import CHOSEN, Subject
from auditkit.decision import Qualification
from auditkit.pipeline.parameters import names_no_place
from auditkit.report import AuditDocument, matrix_of
from auditkit.trust import canonical_name


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that an audit was given to look at.

    Attributes:
        place: where it was to be had, as reports tell places.
        sha256: of what was read, 64 hex digits; None where it was not read.
    """

    place: str
    sha256: str | None

    @property
    def identities(self) -> tuple[Hashable, ...]:
        """What it is known by, its content first. An audit that did not get the file is about that place."""
        by_place = ("place", self.place)
        return (by_place,) if self.sha256 is None else (("sha256", self.sha256), by_place)

    def __str__(self) -> str:
        return self.place if self.sha256 is None else self.sha256[:12]


@dataclass(frozen=True, slots=True)
class AuditSubject:
    """What an audit was about and asked: a report of less must not take the place of one that failed there.

    Attributes:
        proposal_id: None when the report does not know it.
        base_version: 40 hex digits, or None when it was never found out.
        root_key: ``mainnet``, or the other key that the audit was told to believe.
        recovery_image: which recovery image was part of the audit, if one was.
        attestation: which attestation report was part of the audit, if one was.
        tcb_min: the firmware versions that a chip had to have at least; empty where none were asked for.
        chosen: the qualifications that its parameters chose.
        matrix: where its settings are not those of the release matrix; empty where they are.
        chips: whom it asked whose the chips are: nobody, some nodes, or the whole registry, which tells most.
        attested_node: the node that the attestation report was said to come from, or empty.
        provenance: where it asked who built the release, as reports tell places; empty where it did not.
        all_urls: whether it asked every address of the image.
        base_digest: the digest of the image that its parameters pinned, or empty.
        election_asked: whether it asked anybody whether the NNS elected the release.
    """

    proposal_id: int | None
    base_version: str | None
    kind: Subject
    stage: Literal["vote", "recover"]
    policy: str
    root_key: str
    recovery_image: GivenFile | None
    attestation: GivenFile | None
    tcb_min: str = ""
    chosen: tuple[Qualification, ...] = ()
    matrix: tuple[str, ...] = ()
    chips: Literal["", "nodes", "registry"] = ""
    attested_node: str = ""
    provenance: str = ""
    all_urls: bool = False
    base_digest: str = ""
    election_asked: bool = False

    @classmethod
    def of(cls, document: AuditDocument) -> AuditSubject:
        """The subject of ``document``."""
        subject, parameters = document.subject, document.parameters
        return cls(
            proposal_id=subject.proposal_id,
            base_version=subject.base_version,
            kind=subject.kind,
            stage=subject.stage,
            policy=subject.policy,
            root_key=canonical_name(str(parameters.get("root_key", "mainnet"))),
            recovery_image=_given(document, "recovery_image", "recovery-update-img.tar.zst"),
            attestation=_given(document, "attestation_report", "attestation-report"),
            tcb_min=str(parameters.get("tcb_min") or ""),
            chosen=tuple(item for item in document.claim.qualifications if item in CHOSEN),
            matrix=matrix_of(parameters).changes,
            chips=document.chips.source
            if document.chips
            else _whom(str(parameters.get("chips_source") or "")),
            election_asked=parameters.get("election_source") is not None,
            attested_node=str(parameters.get("attested_node") or ""),
            provenance=str(parameters.get("provenance_source") or ""),
            all_urls=bool(parameters.get("all_urls")),
            base_digest=str(parameters.get("base_image_sha256") or ""),
        )

    @property
    def identity(self) -> Hashable:
        """Equal for two audits that were about the same and asked the same."""
        return next(self.replaceable())

    def replaceable(self) -> Iterator[Hashable]:
        """The identities of all audits that were about the same and asked no more than this one; its own first.

        An audit that did not find out the base version, or did not get a file, is about the same as one that did.
        It never is the other way round.
        """
        fixed = (
            self.proposal_id,
            self.kind,
            self.stage,
            self.policy,
            self.root_key,
            self.tcb_min,
            self.chosen,
            self.matrix,
        )
        chips = ("registry", "nodes", "")
        return product(
            (fixed,),
            _or_nothing(self.base_version),
            (None,) if self.recovery_image is None else self.recovery_image.identities,
            (None,) if self.attestation is None else self.attestation.identities,
            chips[chips.index(self.chips) :],
            _or_nothing(self.attested_node),
            _or_nothing(self.provenance),
            _or_nothing(self.all_urls),
            _or_nothing(self.base_digest),
            _or_nothing(self.election_asked),
        )

    @property
    def looks_at_files(self) -> bool:
        """Whether a recovery image or an attestation report was part of the audit."""
        return self.recovery_image is not None or self.attestation is not None

    @property
    def by_place(self) -> AuditSubject:
        """The same, had its files not been read: what was at a place may change from one audit to the next."""
        image, report = self.recovery_image, self.attestation
        return replace(
            self,
            recovery_image=image and replace(image, sha256=None),
            attestation=report and replace(report, sha256=None),
        )

    def fields(self) -> dict[str, Any]:
        """The fields of the subject in the JSON document of ``auditkit status``."""
        return {
            "proposal_id": self.proposal_id,
            "base_version": self.base_version,
            "kind": self.kind,
            "stage": self.stage,
            "policy": self.policy,
            "root_key": self.root_key,
            "recovery_image": self.recovery_image is not None,
            "attestation": self.attestation is not None,
            "tcb_min": self.tcb_min,
            "chosen": self.chosen,
            "matrix": self.matrix,
        }

    def __str__(self) -> str:
        number = "unknown" if self.proposal_id is None else str(self.proposal_id)
        elected = self.kind == "election"
        base = "unknown" if self.base_version is None else self.base_version[:12]
        asked = {"": "", "nodes": "whose chips by some nodes", "registry": "whose chips by the registry"}
        more = [
            f"recovery image {self.recovery_image}" if self.recovery_image else "",
            f"attestation report {self.attestation}" if self.attestation else "",
            f"of node {self.attested_node}" if self.attested_node else "",
            f"firmware at least {self.tcb_min}" if self.tcb_min else "",
            asked[self.chips],
            f"who built it by {self.provenance}" if self.provenance else "",
            "all addresses" if self.all_urls else "",
            f"pinned digest {self.base_digest[:12]}" if self.base_digest else "",
        ]
        return ", ".join(
            [
                f"{'election' if elected else 'proposal'} {number}",
                f"{'release' if elected else 'base'} {base}",
                self.stage,
                self.policy,
                *filter(None, more),
                *self.matrix,
            ]
        )


def _given(document: AuditDocument, parameter: str, name: str) -> GivenFile | None:
    place = document.parameters.get(parameter)
    if place is None:
        return None
    return GivenFile(str(place), next((file.sha256 for file in document.evidence if file.name == name), None))


def _whom(chips_source: str) -> Literal["", "nodes", "registry"]:
    if not chips_source:
        return ""
    return "nodes" if names_no_place("chips_source", chips_source) else "registry"


def _or_nothing(value: str | bool | None) -> tuple[Hashable, ...]:
    return (value, None) if value else (None,)
