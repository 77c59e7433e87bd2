"""What an audit is about, put where a build takes its inputs from: so that an auditor can build what was published."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.errors import ParameterError
from auditkit.evidence import IMAGE_NAME, open_image, request_path
from auditkit.limits import LIMITS
from auditkit.pipeline.building.request import BuildRequest
from auditkit.pipeline.sources.places import located
from auditkit.pipeline.steps.evidence_names import PROPOSAL, REQUEST
from auditkit.trust import parse_trust

if TYPE_CHECKING:
    from auditkit.pipeline.audit import Audit


@contextmanager
def audited_build(audit: Audit) -> Iterator[BuildRequest]:
    """The request to build the recovery image that an audit audits, with the root file system of the published one.

    Its inputs are there while the block runs, and so is what is built.

    Raises:
        ParameterError: the audit has no proposal or no recovery image.
        SourceError, EvidenceError: an image cannot be had.
    """
    parameters = audit.parameters
    kept = {item.name: item for item in audit.proposal.evidence if item.content is not None}
    if PROPOSAL not in kept:
        raise ParameterError("the audit read no proposal")
    version = audit.base.version or parameters.base_version
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="auditkit-")))

        def image(place: str | None, parameter: str) -> Path:
            if place is None:
                raise ParameterError(f"the audit has no {parameter}", hint="name one in the parameters")
            source, _ = stack.enter_context(located(place, parameter, base_version=version))
            return open_image(source, sha256=None, cache=work).path

        proposal = work / PROPOSAL
        proposal.write_bytes(kept[PROPOSAL].read(LIMITS.certificate_bytes))
        if REQUEST in kept:
            request_path(proposal).write_bytes(kept[REQUEST].read(LIMITS.certificate_bytes))
        (work / "built").mkdir()
        yield BuildRequest(
            base=image(parameters.base_image, "base_image"),
            proposal=proposal,
            root=image(parameters.recovery_image, "recovery_image"),
            out=work / "built" / IMAGE_NAME,
            trust=parse_trust(parameters.root_key),
        )
