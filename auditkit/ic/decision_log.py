"""Decisions as they are made along a chain of trust, listed in the order of their numbers."""

from __future__ import annotations

from auditkit.decision import Check, Decision, Outcome


class DecisionLog:
    """Collects at most one decision per check; whatever was not decided was not reached."""

    def __init__(self) -> None:
        self._decided: dict[int, Decision] = {}

    def add(self, *decisions: Decision) -> None:
        """Notes decisions; a later one about the same check replaces an earlier one."""
        for decision in decisions:
            self._decided[decision.number] = decision

    @property
    def failed(self) -> Decision | None:
        """The failure that was noted first, if there is one."""
        return next((d for d in self._decided.values() if d.outcome is Outcome.FAIL), None)

    def in_order(self, checks: tuple[Check, ...]) -> tuple[Decision, ...]:
        """One decision for each of ``checks``; those without one are skipped as not reached.

        A check is only ever not reached because another one failed. Should that ever not be so, the missing
        decision is a failure: a gap must not look like a pass.
        """
        failed = self.failed
        return tuple(
            self._decided.get(check.number)
            or (
                check.not_reached(failed)
                if failed is not None
                else check.failed(
                    "no decision", "The check was neither made nor was there a reason to leave it out."
                )
            )
            for check in checks
        )
