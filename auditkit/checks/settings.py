"""Checks 43 to 45 and 54: what did the parameters choose?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

SETTINGS_ROOT_KEY: Final = Check(
    43,
    "settings.root-key",
    "Is the trusted root key that of mainnet's NNS?",
    "the root key of mainnet, which is built in",
    matters="All trust comes from this key. Another key is another network.",
    advice="For a verdict about mainnet, audit again with `-p root_key=mainnet`.",
)
SETTINGS_POLICY: Final = Check(
    44,
    "settings.policy",
    "Does the policy demand everything?",
    "policy strict",
    matters="A policy that demands less passes more.",
    advice="Audit again with `-p policy=strict`.",
)
SETTINGS_MATRIX: Final = Check(
    45,
    "settings.matrix",
    "Was the release measured in the settings that releases are started with?",
    "the release matrix, and dfinity.tee=1 on every measured command line",
    matters="Nodes are started in a few known settings. Measured in others, a guest that no node starts could"
    " seem explained.",
    advice="Audit again without `vcpus`, `vcpu_types`, `boot_args` and `guest_features`.",
)
SETTINGS_DEPTH: Final = Check(
    54,
    "settings.depth",
    "Was the base image read and measured?",
    "depth image",
    matters="Certificates say what was promised. Only the image shows whether it is so.",
    advice="Audit again without `depth`.",
    unanswered="Audit again without `depth`.",
)
