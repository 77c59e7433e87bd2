"""Building a whole recovery image, and saying what it was built from."""

from auditkit.pipeline.building.audited import audited_build
from auditkit.pipeline.building.build import BuildAnswer, build_image
from auditkit.pipeline.building.request import STATEMENT_NAME, BuildRequest

__all__ = ["STATEMENT_NAME", "BuildAnswer", "BuildRequest", "audited_build", "build_image"]
