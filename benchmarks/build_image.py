"""Times a whole recovery image beside what no build can do without, on the same files in one run.

    auditkit practice build --out base --large
    auditkit practice build --out other --large --seed other
    python benchmarks/build_image.py base/ic/*/guest-os/update-img/update-img.tar.zst \
        other/ic/*/guest-os/update-img/update-img.tar.zst --rounds 3

The first image is the base release, the second one holds the root file system. A practice proposal that blesses the two
is made on the way. The floor is `zstd -10 -T0` of the archive that is built, and one `mke2fs -d` of its boot tree; both
read what is on disk already, and neither checks anything. Needs zstd, e2fsprogs and GNU tar, and 4 GB of disk. Every
build has to give the same file.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

from image import Sample, timed

from auditkit.evidence import CertifiedCall, save_proposal
from auditkit.guestos import (
    Ext4,
    extract_tree,
    image_verity,
    open_boot_source,
    parse_boot_args,
    read_boot_files,
)
from auditkit.ic import (
    GET_PROPOSAL_INFO,
    GOVERNANCE,
    BlessedMeasurement,
    call_content,
    encode_envelope,
    encode_nat64_argument,
    request_id,
)
from auditkit.practice.nns import certify
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.nns.proposals import known_proposal
from auditkit.practice.nns.subnets import ROOT
from auditkit.practice.scenarios import scenario
from auditkit.sev import measure, measured_boot

ZSTD, MKE2FS, FLOOR = "zstd -10 -T0 of its tar", "mke2fs -d of its boot tree", "floor: both"
UPDATE, START = "auditkit build-image", "auditkit: start and the proposal alone"
_NOW_NS = 1_790_000_000 * 10**9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a package at every start
    with tempfile.TemporaryDirectory(prefix="auditkit-benchmark-") as scratch:
        samples = run(options.base.resolve(), options.root.resolve(), options.rounds, Path(scratch))
    report(samples, options.rounds)


def certified(base: Path, root: Path, work: Path) -> Path:
    """A proposal in a file that blesses the recovery of one image with the root of another."""
    with Ext4(open_boot_source(base, work=work / "base")) as fs:
        boot = read_boot_files(fs)
        extract_tree(fs, work / "tree")
    lines = {n: one.text for n, one in parse_boot_args(boot.boot_args).lines.items() if "_TEE_" in n}
    computed = measure(measured_boot(boot.firmware, boot.kernel, boot.initrd), lines)
    number = scenario("recovery-honest").proposal_id
    known = known_proposal(number, _NOW_NS // 10**9, "")
    assert known is not None
    assert known.info.proposal is not None
    assert known.info.proposal.bless is not None
    bless = replace(
        known.info.proposal.bless,
        rootfs_hash=image_verity(root).root_hash,
        base_guest_launch_measurements=tuple(
            BlessedMeasurement(one.measurement, lines[one.boot_args], one.vcpu_type) for one in computed
        ),
    )
    info = replace(known.info, proposal=replace(known.info.proposal, bless=bless))
    content = call_content(
        GOVERNANCE, GET_PROPOSAL_INFO, encode_nat64_argument(number), ingress_expiry_ns=_NOW_NS + 10**11
    )
    state = certify.reply_state(request_id(content), encode_proposal_reply(info), time_ns=_NOW_NS)
    certificate = certify.certificate(certify.build_tree(state), ROOT)
    path = work / "proposal.cbor"
    save_proposal(path, CertifiedCall(certificate, encode_envelope(content), ""))
    (work / "tree" / "lost+found").rmdir()
    (work / "tree" / "alternative_guestos_proposal.cbor").write_bytes(certificate)
    return path


def run(base: Path, root: Path, rounds: int, scratch: Path) -> dict[str, list[Sample]]:
    proposal = certified(base, root, scratch)
    auditkit = [sys.executable, "-m", "auditkit"]
    samples: dict[str, list[Sample]] = {name: [] for name in (UPDATE, ZSTD, MKE2FS, START)}
    digests = set()
    for number in range(rounds):
        made = scratch / str(number)
        made.mkdir()
        out = made / "update-img.tar.zst"
        inputs: list[str | Path] = [base, "--proposal", proposal, "--root", root, "--out", out]
        samples[UPDATE].append(timed([*auditkit, "build-image", *inputs, "--root-key", "practice"]))
        with out.open("rb") as file:
            digests.add(file_digest(file, "sha256").hexdigest())
        tar = scratch / "update-img.tar"
        if not tar.exists():
            subprocess.run(["zstd", "-q", "-d", out, "-o", tar], check=True)
        samples[ZSTD].append(timed(["zstd", "-q", "-10", "-T0", "-f", tar, "-o", made / "packed.zst"]))
        image = made / "boot.img"
        make = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-d", scratch / "tree", image, "1G"]
        samples[MKE2FS].append(timed(make))
        check = [*auditkit, "verify-proposal", proposal, "--proposal-id", "900021", "--root-key", "practice"]
        samples[START].append(timed(check))
        for name in ("packed.zst", "boot.img"):
            (made / name).unlink()
        if number:
            out.unlink()
    assert len(digests) == 1, digests
    return samples


def report(samples: dict[str, list[Sample]], rounds: int) -> None:
    print(f"{f'{rounds} rounds':<44}{'wall':>10}{'best':>9}{'CPU':>9}{'peak':>9}")
    for name, found in samples.items():
        wall, cpu, peak = (
            statistics.median(getattr(s, key) for s in found) for key in ("wall", "cpu", "peak")
        )
        best = min(s.wall for s in found)
        print(f"{name:<44}{wall:8.2f} s{best:7.2f} s{cpu:7.2f} s{peak:6.0f} MiB")
    ratios = []
    for pick in (statistics.median, min):
        floor = sum(pick(s.wall for s in samples[name]) for name in (ZSTD, MKE2FS))
        ratios.append(pick(s.wall for s in samples[UPDATE]) / floor)
    floor = sum(statistics.median(s.cpu for s in samples[name]) for name in (ZSTD, MKE2FS))
    ratios.append(statistics.median(s.cpu for s in samples[UPDATE]) / floor)
    print(f"\n{'ratio':<50}{'wall':>6}{'best':>7}{'CPU':>7}   promised")
    print(f"{f'{UPDATE} / {FLOOR}':<49}{ratios[0]:7.2f}{ratios[1]:7.2f}{ratios[2]:7.2f}   at most 1.0")


if __name__ == "__main__":
    main()
