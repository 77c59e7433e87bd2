"""What a plain http address takes from a decision about the bytes that came from it."""

from __future__ import annotations

from dataclasses import replace

from auditkit.decision import Decision, Outcome, Qualification

_WARNING = "It came by plain http, so anybody on the way could have put another in its place."


def warn_about_plain_http(decision: Decision, origin: str) -> Decision:
    """The decision about an image from ``origin``: qualified as `PLAIN_HTTP` if that is an http address.

    A failure or a skip stays as it is. A loopback address is an http address too: what listens there, we cannot know.

    Args:
        origin: where the image came from: a path, an address or ``practice:`` and a scenario.
    """
    if not origin.lower().startswith("http:") or decision.outcome not in (Outcome.PASS, Outcome.WARN):
        return decision
    return replace(
        decision,
        outcome=Outcome.WARN,
        reason=f"{decision.reason} {_WARNING}",
        qualifications=(*decision.qualifications, Qualification.PLAIN_HTTP),
    )
