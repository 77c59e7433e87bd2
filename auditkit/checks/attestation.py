"""Checks 35 to 42: does a blessed chip run a blessed guest?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

ATTESTATION_REPORT: Final = Check(
    35,
    "attestation.report",
    "Is the file an SEV-SNP attestation report?",
    "1184 bytes of version 2, 3, 4 or 5, asked for by the guest at VMPL 0",
    matters="Only a report that the guest itself asked the processor for says anything about the guest.",
    failure="The file is not an attestation report of a guest.",
    advice="Ask the node's operator for the report again, as the bytes that the processor gave.",
)
ATTESTATION_CHAIN: Final = Check(
    36,
    "attestation.chain",
    "Does AMD vouch for the key that signed the report?",
    "valid certificates from the chip's key to AMD's root key",
    matters="AMD vouches for the key in each of its processors. Without it anybody can sign a report.",
    failure="AMD does not vouch for the key that signed the report, or does not any more.",
    advice="Get the chain for this chip and firmware again from AMD's key server, and audit again.",
)
ATTESTATION_SIGNATURE: Final = Check(
    37,
    "attestation.signature",
    "Did that key sign exactly this report?",
    "a valid ECDSA P-384 signature over the report",
    matters="The signature is what ties the report to one processor.",
    failure="The report was changed after it was signed, or another chip signed it.",
    advice="Ask the node's operator for the report again. If it fails again, treat the node as one that "
    "proves nothing.",
)
ATTESTATION_CHIP_KEY: Final = Check(
    38,
    "attestation.chip-key",
    "Is it the key of the report's chip and firmware?",
    "the chip id, the processor family and the firmware version of the certificate",
    matters="A genuine key of another chip, or of an older firmware, would sign just as well.",
    failure="The certificate is not that of the chip and the firmware that the report names.",
    advice="Get the chain for exactly this chip and firmware, and audit again.",
)
ATTESTATION_CHIP: Final = Check(
    39,
    "attestation.chip",
    "Is the chip one of those that the proposal names?",
    "a chip id of the proposal",
    matters="The proposal recovers the machines that it names, and no others.",
    failure="The node is not one of those that the proposal names.",
    advice="Ask the operator which machine the report comes from.",
)
ATTESTATION_MEASUREMENT: Final = Check(
    40,
    "attestation.measurement",
    "Does the guest run what the proposal blesses?",
    "a blessed launch measurement",
    matters="This is the machine that really runs now, as its processor measured it.",
    failure="The node runs something that the proposal does not bless.",
    advice="Do not give this node anything secret. Ask its operator what was started.",
)
ATTESTATION_POLICY: Final = Check(
    41,
    "attestation.policy",
    "Is the guest closed to its host?",
    "a guest policy without debugging and without migration",
    matters="A guest whose policy allows debugging can be read by whoever owns the machine.",
    failure="The host may look into the guest or move it: what it holds is not secret from its owner.",
    advice="Do not give this node anything secret. It has to be started again with a closed policy.",
)
ATTESTATION_VERSION: Final = Check(
    42,
    "attestation.version",
    "Does the GuestOS itself accept reports of this version?",
    "version 3 or later, which names the processor",
    matters="Nodes themselves refuse reports of an older version.",
    failure="Other nodes would not accept this report.",
    advice="Ask the operator to update the firmware, and for a new report.",
)
