"""What each parameter takes and means, in words for users: for `auditkit init`, and for pages that are made from it.

A test keeps `params/README.md` and the names of `Parameters` in step with it.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """One parameter.

    Attributes:
        name: as everywhere.
        takes: which values it takes.
        summary: what it means, in a sentence or some.
        more: what there is to know besides; often empty.
    """

    name: str
    takes: str
    summary: str
    more: str = ""


class Topic(NamedTuple):
    """Parameters that belong together.

    Attributes:
        heading: what they are about.
    """

    heading: str
    meanings: tuple[Meaning, ...]


TOPICS: Final = (
    Topic(
        "The question",
        (
            Meaning(
                "subject",
                "`recovery` or `election`",
                "`recovery`: the proposal blesses a recovery GuestOS. `election`: it elects a "
                "release, and its own digest and measurements are compared with its image",
            ),
            Meaning(
                "proposal_id",
                "whole number from 1 to 2^53 - 1, in decimal digits without a leading zero",
                "number of the NNS proposal.",
                "Default, if the file has none: the environment variable "
                "`ALTERNATIVE_GUESTOS_PROPOSAL_ID`, as dfinity's build uses it",
            ),
            Meaning(
                "base_version",
                "40 hex digits in quotes, or `auto`",
                "the release that the recovery image is based on: the commit of its GuestOS.",
                "`auto` takes, among the elections of the `catalogue` and then among the releases "
                "whose measurements auditkit knows, the one that explains most of the blessed "
                "measurements. Default: `ALTERNATIVE_GUESTOS_BASE_VERSION`. Of an election: the "
                "version that it has to elect, or `auto`, the default",
            ),
            Meaning(
                "stage",
                "`vote`, `recover` or `auto`",
                "`vote`: you are about to vote, so the proposal may be open. `recover`: somebody is "
                "about to build or start the image, so it must be executed. `auto`: `recover` once "
                "the proposal is executed, else `vote`.",
                "Default: `recover`, of an election `auto`",
            ),
            Meaning(
                "depth",
                "`image` or `certificates`",
                "`certificates` reads signed answers alone, a few kilobytes in a second: which "
                "elected release is it about, and does what is signed fit? Nothing is measured then, "
                "so the verdict is never PASS",
            ),
            Meaning(
                "policy",
                "`strict` or `overlap`",
                "which checks decide the verdict. `strict`: every blessed measurement is one of the "
                "base release, no label contradicts it, chip ids and hashes are well formed. "
                "`overlap`: one equal measurement is enough, which is dfinity's own gate.",
                "The report always shows both. Elections know `strict` alone",
            ),
        ),
    ),
    Topic(
        "Where the evidence comes from",
        (
            Meaning(
                "proposal_source",
                "file, `https://...`, or `practice:SCENARIO`",
                "the certified proposal: a file written by `auditkit fetch-proposal`, or whom to ask",
            ),
            Meaning(
                "request_source",
                "file or `null`",
                "the request that was sent for a proposal file.",
                "With `null`, the file beside it with the suffix `.request.cbor` is used if there is "
                "one. It proves which question the certificate answers",
            ),
            Meaning(
                "root_key",
                "`mainnet`, `practice`, 266 hex digits in quotes, or a file (reports show its digits)",
                "the public key of the NNS that must have signed. Any key other than mainnet's "
                "qualifies the verdict",
            ),
            Meaning(
                "election_source",
                "`registry`, `proposal:NUMBER`, `catalogue`, file, `https://...`, or `null`",
                "who says whether the NNS elected the base release. `registry` asks the registry of "
                "the host of `proposal_source`; where that is a file, the file `election.cbor` beside "
                "it is read, which `auditkit fetch-registry` writes.",
                "`proposal:NUMBER` is the proposal that elected it, for a release that was un-elected "
                "since; `catalogue` looks for that proposal in the folder `catalogue`. A file is a "
                "certified answer of the registry, or a certified election proposal. With `null` "
                "nobody is asked, and under `strict` that is TROUBLE. Of an election: who says what "
                "came of it, once it is executed",
            ),
            Meaning(
                "catalogue",
                "folder or `null`",
                "certified election proposals, as `auditkit catalogue update` keeps them.",
                "Where it is given, the election of the base version is looked for in it, also with "
                "`registry`; `catalogue` as `election_source` demands it",
            ),
            Meaning(
                "base_image",
                "file, `https://...{base_version}...`, `practice:SCENARIO`, or for an election `null`",
                "the update image of the release (`update-img.tar.zst`).",
                "Of an election `null`, the default, takes the proposal's own addresses, the first "
                "that gives anything",
            ),
            Meaning(
                "all_urls",
                "`true` or `false`",
                "of an election: ask each of the proposal's addresses for the digest, not only one",
            ),
            Meaning(
                "base_image_sha256",
                "64 hex digits in quotes, or `null`",
                "the digest that the image must have. With `null`, the digest that the NNS certified "
                "is used, or else the one published beside it (`SHA256SUMS`).",
                "A certified digest passes. Nobody has signed the others, so the right digest gives a "
                "warning that says whose word it is, and a wrong one fails; without a usable "
                "`SHA256SUMS` there is the warning alone. An image from an `http://` address says so",
            ),
            Meaning(
                "recovery_image",
                "file, address, `practice:SCENARIO`, or `null`",
                "the published recovery image; compared with the base file by file",
            ),
            Meaning(
                "compare_roots",
                "`true` or `false`",
                "with a recovery image: also compare its root file system with the base release's, "
                "name by name, and tell what is new in it. It takes both images once more, and never "
                "decides the verdict",
            ),
            Meaning(
                "attestation_report",
                "file, address, `practice:SCENARIO`, or `null`",
                "SEV-SNP attestation report of a recovered node",
            ),
            Meaning(
                "attestation_chain",
                "file, address, `practice:SCENARIO`, or `null`",
                "certificates of that report (PEM, DER or certificate table); `null` when the report "
                "comes with them",
            ),
            Meaning(
                "tcb_min",
                "list of names and numbers, or `null`",
                "the lowest firmware versions of its processor to accept, such as "
                "`bootloader=7,tee=0,snp=21,microcode=72` (from Turin on also `fmc`), of any of these "
                "names; `null` accepts all.",
                "A floor needs an attestation report",
            ),
            Meaning(
                "chips_source",
                "folder, `hint:NODE,...`, `https://...`, file, `practice:SCENARIO`, or `null`",
                "who says whose machines the chips of a recovery are. A folder that `auditkit registry "
                "sync` filled answers for every chip, also that no node ever had it.",
                "`hint:` and the principals of nodes, with commas between them, asks the registry about "
                "these nodes alone; an address or a file is a list of nodes, of which those are asked "
                "about that may have the chips. With `null` nobody is asked",
            ),
            Meaning(
                "attested_node",
                "principal of a node, or `null`",
                "the node that the attestation report is said to come from; the registry has to give "
                "the report's chip to it. It needs `chips_source`",
            ),
            Meaning(
                "provenance_source",
                "`github`, file, `https://...`, `practice:SCENARIO`, or `null`",
                "who says who built the release. `github` asks GitHub for the attestations of its "
                "`SHA256SUMS`; a file holds them, as GitHub or `gh attestation download` gives them.",
                "An attestation that keeps all rules vouches for the list and for the image in it, so "
                "that check 18 passes by it. It needs the extra `provenance` (in the checkout "
                "`.venv/bin/python -m pip install '.[provenance]'`). With `null` nobody is asked",
            ),
        ),
    ),
    Topic(
        "What is measured",
        (
            Meaning(
                "vcpus",
                "list of whole numbers, such as `[64]`",
                "vCPU counts. Production machines have 64.",
                "Every setting (vCPU count, CPU type, line) is measured twice; there may be 256",
            ),
            Meaning(
                "vcpu_types",
                "list, such as `[EPYC-v4, EPYC-Genoa, EPYC-Turin]`",
                "CPU types, by QEMU's names",
            ),
            Meaning(
                "boot_args",
                "list, such as `[BOOT_ARGS_TEE_A, BOOT_ARGS_TEE_B]`",
                "which kernel command lines of the release's file `boot_args` are measured",
            ),
            Meaning(
                "guest_features",
                "whole number below 2^53",
                "SEV features of the guest; 1 is SEV-SNP alone",
            ),
            Meaning(
                "sweep_vcpus_max",
                "whole number",
                "a blessed measurement that the matrix does not give is looked for under all vCPU "
                "counts up to this one, other CPU types and other command lines, to say what it is; 0 "
                "looks for nothing",
            ),
        ),
    ),
    Topic(
        "The answer",
        (
            Meaning(
                "output_dir",
                "folder",
                "where the report goes; an earlier report is replaced, other files of the same names "
                "are not.",
                "An empty `.NAME.lock` stays beside it, which keeps a second audit out",
            ),
        ),
    ),
)
"""All parameters, in the order of `Parameters`."""

MEANINGS: Final = {meaning.name: meaning for topic in TOPICS for meaning in topic.meanings}
