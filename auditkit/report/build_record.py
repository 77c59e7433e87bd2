"""Who built the release, as a report tells it: what a genuine attestation says."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from auditkit.numbers import EXACT
from auditkit.provenance import Attestation
from auditkit.report.field_types import Part, Time
from auditkit.times import rfc3339

Told = Annotated[str, StringConstraints(max_length=2048)]


class BuildRecord(Part):
    """What the attestation says that checks 69 to 75 are about; they decide whether it keeps the rules.

    Attributes:
        issuer: who told the authority what was running.
        workflow: the workflow that signed.
        repository, commit, ref: what was built.
        build_config: the workflow that was started.
        run_url: the page of the run.
        runner: whose machine it ran on, ``github-hosted`` or ``self-hosted``.
        log_index: where the public log holds the attestation.
        logged: when it took it in.
    """

    issuer: Told | None
    workflow: Told | None
    repository: Told | None
    commit: Told | None
    ref: Told | None
    build_config: Told | None
    run_url: Told | None
    runner: Told | None
    log_index: Annotated[int, Field(ge=0, lt=EXACT)]
    logged: Time

    @classmethod
    def of(cls, attestation: Attestation) -> Self:
        """What a genuine attestation says."""
        return cls(
            issuer=attestation.issuer,
            workflow=attestation.workflow,
            repository=attestation.repository,
            commit=attestation.commit,
            ref=attestation.ref,
            build_config=attestation.build_config,
            run_url=attestation.run_url,
            runner=attestation.runner,
            log_index=min(attestation.log_index, EXACT - 1),
            logged=rfc3339(attestation.logged.timestamp()),
        )
