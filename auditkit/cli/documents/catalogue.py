"""The documents of ``auditkit catalogue``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditkit.audit import Verdict
from auditkit.cli.documents.document import PrintedDocument, TroubleFound
from auditkit.decision import Qualification
from auditkit.numbers import Count, ProposalNumber
from auditkit.report import Hex, Part, Time


class CatalogueElection(Part):
    """An election that is kept: the proposer's words, certified.

    Attributes:
        executed: when; null where it was not, or not yet.
        measurements: null where the proposal has none.
        root_hashes: those in the command lines of its measurements.
    """

    proposal_id: ProposalNumber
    status: str | None
    executed: Time | None
    version: str | None
    sha256: str | None
    urls: tuple[str, ...]
    unelects: tuple[str, ...]
    measurements: tuple[Hex, ...] | None
    root_hashes: tuple[str, ...]


class FoundElection(CatalogueElection):
    """An election that names what was asked for.

    Attributes:
        matched: what of it, such as ``version``.
        value: the whole value, where a beginning was asked for.
    """

    matched: str
    value: str


class NoElection(Part):
    """A proposal of the topic that elects no version."""

    proposal_id: ProposalNumber
    what: str


class MissingProposal(Part):
    """A proposal that is listed and not kept."""

    proposal_id: ProposalNumber
    why: str


class UnverifiedFile(Part):
    """A file that is there and is not used."""

    name: str
    reason: str


class _Catalogue(PrintedDocument):
    """How much the catalogue knows.

    Attributes:
        complete: whether it has every election since ``since``, which is the first one where it is null.
        as_of: when it was last brought up to date.
        count: elections in it.
    """

    complete: bool
    since: ProposalNumber | None
    as_of: str | None
    count: Count
    no_elections: tuple[NoElection, ...]
    missing: tuple[MissingProposal, ...]
    unverified: tuple[UnverifiedFile, ...]


class CatalogueList(_Catalogue):
    """``auditkit catalogue list --json``."""

    schema_id: Literal["auditkit/catalogue-list/v1"] = Field(
        default="auditkit/catalogue-list/v1", alias="schema"
    )
    elections: tuple[CatalogueElection, ...]


class CatalogueFind(_Catalogue):
    """``auditkit catalogue find --json``.

    Attributes:
        verdict: PASS where it was found, FAIL where a complete catalogue has none, TROUBLE where nobody can tell.
        qualifications: what keeps the verdict from meaning all that the word alone means: another root key.
        error: null unless the verdict is TROUBLE.
    """

    schema_id: Literal["auditkit/catalogue-find/v1"] = Field(
        default="auditkit/catalogue-find/v1", alias="schema"
    )
    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    error: TroubleFound | None
    query: str
    found: tuple[FoundElection, ...]
