"""The steps of an audit, each a function of what came before.

    proposal ──► election ──► base image ──► measurements ──► overlap ──► recovery image, root, node, chips, build

A step decides its checks and keeps the evidence that they rest on. Errors about bytes and sources are trouble of the
step; `auditkit.pipeline.audit` puts the steps together.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
