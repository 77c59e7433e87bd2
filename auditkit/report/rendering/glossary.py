"""The words of a report, for a voter who has never seen SEV."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = (
    (
        "NNS",
        "The Network Nervous System, the part of the Internet Computer that governs the rest. Its voters "
        "adopt or reject proposals; its canisters (programs) carry them out.",
    ),
    (
        "Certificate",
        "A whole subnet's signature on a part of its state. It can only be made when more than two "
        "thirds of the subnet's nodes agree, so nobody who merely passes the file on can change what it "
        "says.",
    ),
    (
        "Delegation",
        "A second certificate, in which the NNS names the key of another subnet and the canisters it "
        "speaks for.",
    ),
    (
        "GuestOS",
        "The operating system of the virtual machine in which a node runs the Internet Computer.",
    ),
    (
        "Election",
        "The NNS elects a release before nodes may run it: a proposal names its version, the digest of its image and "
        "its launch measurements, and the registry holds them while it is elected. Old releases are un-elected "
        "routinely.",
    ),
    (
        "Registry",
        "The canister in which the NNS keeps what it decided about nodes, subnets and releases. Its answers are "
        "signed, also the answer that there is no such record.",
    ),
    (
        "Node, provider",
        "A node is one machine of the network. Its provider is who owns and runs it; the registry names both, and the "
        "chip of the node's processor.",
    ),
    (
        "Attestation of a build",
        "What the machine that built a release signs: from which source, in which workflow, and which files came of "
        "it. It is kept in a public log that the release server cannot change.",
    ),
    (
        "Base release",
        "The published GuestOS version that a broken node starts with before it looks for a recovery "
        "GuestOS.",
    ),
    (
        "Recovery GuestOS",
        "A replacement for the root file system of a node that can no longer start normally. The NNS has "
        "to bless it for named chips before such a node may open its secrets to it.",
    ),
    (
        "AMD SEV-SNP",
        "A feature of AMD server processors: a virtual machine's memory is encrypted, and the processor "
        "signs a report of what the machine was started from.",
    ),
    (
        "Launch measurement",
        "The 48-byte fingerprint in that report. It covers the firmware, the kernel, the initial RAM disk, "
        "the kernel command line, the CPU type and the number of virtual CPUs. One changed bit gives "
        "another fingerprint.",
    ),
    (
        "Blessed, computed",
        "Blessed measurements stand in the proposal. Computed ones are what this audit worked out from the "
        "files of the base release. The audit asks whether they are the same.",
    ),
    (
        "Label",
        "What the proposal writes beside a measurement, a CPU type and a kernel command line. Nothing "
        "enforces it: only the 48 bytes count, so a wrong label misleads voters.",
    ),
    (
        "Root hash",
        "The dm-verity hash of a file system. A node that knows it notices every changed block of that "
        "file system.",
    ),
    (
        "vCPU",
        "A virtual CPU. Machines with different numbers of them have different launch measurements.",
    ),
    (
        "Policy",
        "Which checks decide the verdict. “strict” demands that everything blessed is explained; “overlap” "
        "is the gate in dfinity's own build, which is content with one match.",
    ),
    (
        "Qualification",
        "What keeps a verdict from meaning all that the word alone means, such as a root key that is not mainnet's. "
        "It is shown wherever the verdict is.",
    ),
    (
        "SHA-256",
        "A fingerprint of a file, as 64 hexadecimal digits.",
    ),
)
