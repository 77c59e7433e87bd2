"""Checks 23 and 24: do others compute and publish the same measurements?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

MEASUREMENT_SECOND_OPINION: Final = Check(
    23,
    "measurement.second-opinion",
    "Does a second, independent program compute the same measurements?",
    "sev-snp-measure agrees on every setting",
    matters="Our computation could be wrong. A second program that shares no code with it would hardly be "
    "wrong in the same way.",
    failure="Two programs measure the same files differently: neither result can be relied on.",
    advice="Report it to the developers of auditkit with the report folder. Decide nothing by either result.",
)
MEASUREMENT_PUBLISHED: Final = Check(
    24,
    "measurement.published",
    "Did the release publish the measurements that we compute?",
    "launch-measurements.json of the release equals ours",
    matters="Releases publish their measurements beside the image. It is the publisher's word and no more, so"
    " a difference only warns.",
    advice="Ask whoever published the release which of the two is right.",
)
