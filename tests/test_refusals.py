"""What the floor of `make coverage` counts."""

from __future__ import annotations

import pytest
from refusals import refusals


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        pytest.param("raise EvidenceError('bad')", [1], id="a refusal"),
        pytest.param(
            "if bad:\n    raise SigningError(\n        'bad',\n    ) from None",
            [2, 3, 4],
            id="of several lines",
        ),
        pytest.param("(\n    check\n    .failed(\n        'bad',\n    )\n)", [3, 4, 5], id="a failed check"),
        pytest.param("return check.warned('odd')", [1], id="a warning"),
        pytest.param("raise ValueError('bad')", [], id="another error"),
        pytest.param("raise\ncheck.passed()\nlog.failed", [], id="nothing of the kind"),
    ],
)
def test_what_counts_as_a_refusal(source, lines):
    assert [line for found in refusals(source) for line in found] == lines
