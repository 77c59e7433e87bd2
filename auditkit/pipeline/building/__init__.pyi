from .audited import audited_build
from .build import BuildAnswer, build_image
from .request import STATEMENT_NAME, BuildRequest

__all__ = [
    "STATEMENT_NAME",
    "BuildAnswer",
    "BuildRequest",
    "audited_build",
    "build_image",
]
