"""Scenarios about the recovery image that was published for a proposal."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.practice.recovered import Recovered
from auditkit.practice.scenarios.scenario import Scenario

IMAGES: Final = (
    Scenario(
        "recovery-honest",
        "The published recovery image is what was blessed",
        "Somebody published the recovery image, and an auditor takes it apart: it boots the base release, the "
        "proposal lies inside, and its root file system is the one that the NNS blessed.",
        900021,
        "PASS",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.HONEST,
        parameters={"chips_source": "practice:recovery-honest"},
    ),
    Scenario(
        "recovery-wrong-root",
        "The recovery image runs another system",
        "The boot files are right and the proposal lies inside, but the root file system is not the one that "
        "the NNS blessed. No node would open it.",
        900022,
        "FAIL",
        "PASS",
        checks.RECOVERY_ROOT_HASH.id,
        recovered=Recovered.WRONG_ROOT,
    ),
    Scenario(
        "recovery-extra-file",
        "The recovery image holds one file too many",
        "Beside the base's boot files and the proposal, somebody left a file with a login key. It is not "
        "measured, so no measurement shows it; comparing file by file does.",
        900023,
        "FAIL",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.EXTRA_FILE,
    ),
    Scenario(
        "recovery-changed-kernel",
        "The recovery image boots another kernel",
        "The proposal is honest and lies inside the image, but one byte of the kernel was changed. The image "
        "would measure to something that nobody blessed.",
        900024,
        "FAIL",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.CHANGED_KERNEL,
    ),
    Scenario(
        "recovery-other-proposal",
        "Another proposal lies inside the recovery image",
        "The boot files and the root are right, but the certificate inside the image is that of another "
        "proposal. The node would follow that one and not the one that was audited.",
        900025,
        "FAIL",
        "PASS",
        checks.RECOVERY_PROPOSAL.id,
        recovered=Recovered.OTHER_PROPOSAL,
    ),
    Scenario(
        "recovery-edited-boot-args",
        "The command lines of the recovery image were edited",
        "Somebody switched off the guest's access control on the kernel command line. Command lines are "
        "measured, and the comparison shows the edited line.",
        900026,
        "FAIL",
        "PASS",
        checks.RECOVERY_TREE.id,
        recovered=Recovered.EDITED_BOOT_ARGS,
    ),
)
