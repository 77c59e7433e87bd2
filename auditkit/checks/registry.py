"""Checks 46 and 47: what does a record of the registry say?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

REGISTRY_REQUEST: Final = Check(
    46,
    "registry.request",
    "Is it the answer to our question, asked of the registry canister?",
    "one replied request whose id is that of the stored request",
    matters="A genuine answer to another question would be signed just as well.",
    failure="The answer belongs to another question.",
    advice="Fetch the record again and keep both files that `auditkit fetch-registry` writes.",
)
REGISTRY_REPLY: Final = Check(
    47,
    "registry.reply",
    "What does the registry say about the record?",
    "the record that was asked for",
    matters="What the registry holds is what nodes go by.",
    failure="What the registry says about the record cannot be relied on.",
    advice="Fetch the record again. If it fails again, update auditkit.",
)
