"""docs/peers.md gives the reason of each deviation that a test of this folder allows."""

from __future__ import annotations

from tests.conftest import ROOT
from tests.peers import test_candid, test_e2fsprogs, test_launch_digests


def test_every_deviation_is_told():
    page = (ROOT / "docs" / "peers.md").read_text()
    reasons = {
        *test_candid.STRICTER.values(),
        *test_candid.NO_READER.values(),
        *test_e2fsprogs.SOUND_FOR_E2FSCK.values(),
        *(why for _, why in test_e2fsprogs.OTHERWISE_THAN_DEBUGFS.values()),
        test_launch_digests.NO_PLACE,
    }
    assert [why for why in reasons if f"| {why} |" not in page] == []
