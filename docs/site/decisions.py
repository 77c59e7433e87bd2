"""The decision catalogue: what each check asks, why, what a failure means and what to do, from `auditkit.checks`."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit import checks
from auditkit.audit import OVERLAP, STRICT
from auditkit.decision import Check
from auditkit.practice import scenarios

SECTIONS = (
    ("The certificate", "Did the NNS sign exactly this answer?", checks.CERTIFICATE_CHECKS),
    (
        "The recovery proposal",
        "Is it the proposal that you asked for, and is what it says well formed?",
        (*checks.PROPOSAL_CHECKS[-3:], *checks.CONTENT_CHECKS),
    ),
    (
        "The election of the base release",
        "Did the NNS elect the release that the recovery is based on?",
        checks.ELECTED_CHECKS,
    ),
    ("The base release", "Is the image the elected one, and what does it boot?", checks.BASE_CHECKS),
    ("The measurements", "Are they computed rightly?", checks.MEASUREMENT_CHECKS),
    ("The overlap", "Do proposal and release agree?", checks.OVERLAP_CHECKS),
    (
        "The recovery image",
        "Asked where `recovery_image` is given: is the published image what was blessed?",
        checks.RECOVERY_CHECKS,
    ),
    (
        "What is new in the root file system",
        "Asked where `recovery_image` is given, unless `compare_roots` is false. It never decides.",
        (checks.ROOT_CHANGES,),
    ),
    (
        "The recovered node",
        "Asked where `attestation_report` is given: does the machine prove that it runs what was blessed?",
        checks.ATTESTATION_CHECKS,
    ),
    (
        "The machines",
        "Asked where `chips_source` is given: whose are the chips that the proposal names?",
        checks.CHIP_CHECKS,
    ),
    (
        "An election proposal",
        "Asked of a proposal that elects a release, in the place of what only a recovery has.",
        (
            checks.ELECTION_STAGE,
            *checks.ELECTION_CONTENT_CHECKS,
            checks.ELECTION_IMAGE,
            *checks.ELECTION_OVERLAP_CHECKS,
            checks.ELECTION_RECORD,
        ),
    ),
    (
        "The build",
        "Asked where `provenance_source` is given: who built the release, from what?",
        checks.PROVENANCE_CHECKS,
    ),
    (
        "What you chose",
        "Never a failure: whatever the parameters change about the question is told with the verdict.",
        checks.SETTINGS_CHECKS,
    ),
    (
        "A record of the registry",
        "Asked by `auditkit verify-registry` of a file, beside those about its certificate.",
        checks.REGISTRY_CHECKS[-2:],
    ),
)

HEAD = """# Every question an audit asks

One entry for each check, with the number and the name that reports use: why it is asked, what a failure means, and what
to do then. This page is written from the code (`make pages`). How a verdict follows from the answers is told in
[contracts.md](contracts.md), what limits a PASS in [qualifications.md](qualifications.md).

A check can *pass*, *fail*, *warn* or be *skipped*. A failure that the policy demands makes the verdict FAIL; an answer
that is demanded and missing makes it TROUBLE. A check that was not reached, because an earlier one failed, is a skip.
"""


def catalogue() -> str:
    """The page, as Markdown."""
    return "\n".join((HEAD, *(line for section in SECTIONS for line in _section(*section))))


def _section(heading: str, about: str, listed: tuple[Check, ...]) -> Iterator[str]:
    yield from (f"## {heading}", "", about, "")
    for check in listed:
        yield from _entry(check)


def _entry(check: Check) -> Iterator[str]:
    yield from (f"### {check.number} {check.id}", "", f"**{check.question}**", "", _ended(check.matters), "")
    yield f"- *A pass shows:* {check.expected}."
    if check.failure:
        yield f"- *A failure means:* {_ended(check.failure)}"
    yield f"- *What to do:* {_ended(check.advice)}"
    if check.unanswered:
        yield f"- *Where it has no answer:* {_ended(check.unanswered)}"
    yield f"- *Demanded by:* {_demanded(check)}."
    if practice := _practice(check):
        yield f"- *Practise:* {practice}"
    yield ""


def _ended(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _demanded(check: Check) -> str:
    names = [f"`{policy.name}`" for policy in (STRICT, OVERLAP) if check.id in policy.demanded]
    if not names and check in checks.REGISTRY_CHECKS:
        return "`auditkit verify-registry`"
    return " and ".join(names) if names else "no policy: it is told"


def _practice(check: Check) -> str:
    shown = [scenario for scenario in scenarios() if scenario.deciding_check == check.id]
    shown.sort(key=lambda scenario: str(scenario.strict) == "PASS")
    return ", ".join(f"`auditkit check {scenario.name}` ({scenario.strict})" for scenario in shown[:3])
