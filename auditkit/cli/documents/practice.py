"""The documents of ``auditkit practice list`` and ``show``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditkit.audit import Verdict
from auditkit.cli.documents.document import PrintedDocument
from auditkit.decision import CheckId
from auditkit.numbers import ProposalNumber
from auditkit.report import Part


class ScenarioVerdicts(Part):
    """The verdict that an audit of the scenario must have, under each policy that its subject knows."""

    strict: Verdict
    overlap: Verdict | None


class PracticeScenario(Part):
    """A scenario of the practice network; ``deciding`` is the check that its verdict turns on."""

    name: str
    title: str
    subject: Literal["recovery", "election"]
    proposal_id: ProposalNumber
    stage: Literal["vote", "recover"]
    verdict: ScenarioVerdicts
    deciding: CheckId | None
    story: str


class PracticeShow(PracticeScenario, PrintedDocument):
    """``auditkit practice show --json``."""

    schema_id: Literal["auditkit/practice-show/v1"] = Field(
        default="auditkit/practice-show/v1", alias="schema"
    )


class PracticeList(PrintedDocument):
    """``auditkit practice list --json``."""

    schema_id: Literal["auditkit/practice-list/v1"] = Field(
        default="auditkit/practice-list/v1", alias="schema"
    )
    scenarios: tuple[PracticeScenario, ...]
