"""The page about a verified report: who signed it, what was verified, and what that leaves open.

It goes beside the report folder: what the auditors signed does not change by being verified.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Final

from auditkit.audit import Verdict
from auditkit.decision import Outcome
from auditkit.report import page_environment
from auditkit.signing import report_checks as checks
from auditkit.signing.verification import ReportVerification
from auditkit.times import rfc3339
from auditkit.version import __version__

_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9:]{8})(?:\.[0-9]+)?Z")
_HEADINGS: Final = {
    Verdict.PASS: (
        "AUTHENTIC",
        "Auditors of the trust list signed this report, and nothing in it was changed.",
    ),
    Verdict.FAIL: ("NOT AUTHENTIC", "Do not rely on this report."),
    Verdict.TROUBLE: ("NOT CHECKED", "Whether the report is authentic could not be determined here."),
}


def render_verification(
    verified: ReportVerification, *, trust_list: str, at_least: int = 1, now: float | None = None
) -> str:
    """The page as one self-contained HTML document that loads nothing and runs nothing.

    Args:
        trust_list: what the file of allowed signers is called.
        at_least: how many auditors were wanted.
        now: seconds since 1970; the clock by default.
    """
    authenticity = verified.authenticity
    heading, headline = _HEADINGS[authenticity.verdict]
    tone, symbol = authenticity.verdict.lower(), authenticity.verdict.symbol
    document, claim = verified.document, verified.claim
    says = required = ""
    if not verified.authentic:
        headline = f"{headline} {authenticity.reason}"
    elif claim is not None:
        says = str(claim)
        if claim.verdict is not Verdict.PASS:
            # The signatures hold, and a report that is authentic is not for that one of a proposal that is in order:
            # neither a red cross nor green.
            tone, symbol = "", "✎"
        if verified.judgement.verdict is not Verdict.PASS:
            tone, symbol = Verdict.FAIL.lower(), Verdict.FAIL.symbol
            required = "It is not the verdict that was required."
    subject = document.subject if document is not None else None
    election = subject is not None and subject.kind == "election"
    number = subject.proposal_id if subject is not None else None
    return (
        page_environment()
        .get_template("verification.html.jinja")
        .render(
            heading=heading,
            headline=headline,
            says=says,
            required=required,
            tone=tone,
            symbol=symbol,
            number=number,
            about=f"{'election' if election else 'recovery GuestOS'} proposal {number or '(unknown)'}",
            verdict=claim.verdict if claim else None,
            verdict_symbol=claim.verdict.symbol if claim else "",
            claim=str(claim).removeprefix(claim.verdict).strip() if claim else "",
            sentences=claim.sentences if claim else (),
            cite_as=verified.cite_as,
            release_name="Release" if election else "Base release",
            version=subject.base_version if subject is not None else None,
            policy=document.policy.id if document is not None else None,
            stage=subject.stage if subject is not None else None,
            judged=_legible(document.run.started) if document is not None else None,
            digest=verified.document_sha256,
            at_least=at_least,
            trust_list=trust_list,
            repeated=_repeated(verified),
            signatures=[replace(one, signed_at=_legible(one.signed_at)) for one in verified.signatures],
            decisions=verified.decisions,
            not_covered=verified.not_covered,
            tool=__version__,
            made=_legible(rfc3339(time.time() if now is None else now)),
        )
    )


def _legible(moment: str) -> str:
    """A time as people write it, such as ``2026-11-26 07:32:11 UTC``; what is no such time stays as it is."""
    found = _MOMENT.fullmatch(moment)
    return f"{found[1]} {found[2]} UTC" if found else moment


def _repeated(verified: ReportVerification) -> str:
    made = next((one for one in verified.decisions if one.id == checks.REPLAY.id), None)
    if made is None:
        return "no: the signatures were checked, and not whether the audit decided rightly (--replay)"
    if made.outcome is Outcome.FAIL:
        return "yes, and it does not lead to this report"
    return f"yes, from the stored evidence: {made.observed}"
