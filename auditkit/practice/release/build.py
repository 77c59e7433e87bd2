"""Builds a practice release of GuestOS in the form in which dfinity publishes real ones.

Source of the layout: dfinity/ic ``ic-os/guestos``, ``ic-os/defs.bzl``, ``toolchains/sysimage``. The launch
measurements are those of ``sev-snp-measure``, the program that dfinity's build calls, and not of auditkit's
own engine: so a practice audit compares two opinions.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest, shake_256
from pathlib import Path
from typing import IO, Final

from sevsnpmeasure.guest import calc_launch_digest
from sevsnpmeasure.sev_mode import SevMode
from sevsnpmeasure.vcpu_types import CPU_SIGS

from auditkit.digests import SUMS_NAME
from auditkit.errors import ParameterError, SourceError
from auditkit.evidence import IMAGE_NAME, MEASUREMENTS_NAME
from auditkit.guestos import RELEASE_BOOT_ARGS, write_ext4
from auditkit.limits import GIB, KIB, MIB
from auditkit.practice.release.file_systems import add_verity_tree, require_programs
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.practice.release.published import PracticeRelease, release_commit, release_folder
from auditkit.practice.release.sparse_tar import SparseTar

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RELEASE_CPU_TYPES: Final = ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin")
RELEASE_VCPUS: Final = 64
_KERNEL_VERSION: Final = "6.17.0-practice"
_PARTITIONS: Final = {
    "A": "7c0a626e-e5ea-e543-b5c5-300eb8304db7",
    "B": "a78bc3a8-376c-054a-96e7-3904b915d0c5",
}
_LABEL: Final = "system_u:object_r:boot_t:s0"

Progress = Callable[[str], None]
"""Called with one line before each step."""


@dataclass(frozen=True, slots=True)
class ReleaseSizes:
    """Sizes of the parts of a release, in bytes. `SMALL` travels with the package."""

    firmware: int
    kernel: int
    initrd: int
    boot_image: int
    root_file_system: int
    root_noise: int  # incompressible files in the root file system
    root_text: int  # compressible ones


SMALL: Final = ReleaseSizes(128 * KIB, 96 * KIB, 192 * KIB, 16 * MIB, 2 * MIB, 16 * KIB, 64 * KIB)
LARGE: Final = ReleaseSizes(4 * MIB, 12 * MIB, 60 * MIB, GIB, 3 * GIB, 330 * MIB, 640 * MIB)


def build_release(
    out: Path,
    *,
    seed: str = "base",
    large: bool = False,
    progress: Progress | None = None,
    on_measured: Callable[[Path, str], None] | None = None,
) -> PracticeRelease:
    """Builds a release below ``out``, as ``ic/<commit>/guest-os/update-img/``.

    Equal seeds and sizes give an equal tar; the compressed bytes also depend on the version of zstd.

    Args:
        out: a folder; it is made if need be.
        seed: tells releases apart; all content follows from it.
        large: a release of realistic size: 400 MB compressed, and 1.2 GB on disk while it is made.
        progress: is told each step.
        on_measured: is given the boot tree and the root hash while they are there.

    Raises:
        ParameterError: the release is already there.
        SourceError: a program (mke2fs, debugfs, veritysetup) is missing or failed.
    """
    require_programs()
    tell = progress or (lambda _: None)
    sizes = LARGE if large else SMALL
    release = PracticeRelease(release_commit(seed), out / release_folder(release_commit(seed)))
    if release.folder.exists():
        raise ParameterError(
            "there is a release already", where=str(release.folder), hint="remove it or choose another folder"
        )
    release.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=release.folder.parent) as scratch:
        work = Path(scratch)
        published = work / "published"
        published.mkdir(mode=0o755)
        tell("root.img: file system and verity tree")
        root_hash = _build_root(work, seed, sizes)
        tell("boot.img: firmware, kernel, initrd and command lines")
        _build_boot(work, seed, sizes, release.commit, root_hash)
        tell(f"{MEASUREMENTS_NAME}: {len(RELEASE_CPU_TYPES) * 2} settings by sev-snp-measure")
        (published / MEASUREMENTS_NAME).write_bytes(launch_measurements_json(work / "boot", root_hash))
        if on_measured:
            on_measured(work / "boot", root_hash)
        tell(f"{IMAGE_NAME}: tar and zstd")
        with (published / IMAGE_NAME).open("wb") as file:
            _write_image(file, work, release.commit)
        (published / SUMS_NAME).write_text(
            "".join(f"{_sha256_of(published / name)} {name}\n" for name in (MEASUREMENTS_NAME, IMAGE_NAME))
        )
        published.rename(release.folder)
    return release


def build_package_data(out: Path) -> None:
    """Builds what travels with the package: two releases, and the measurements of the first with 16 vCPUs.

    Errors are those of `build_release`.
    """

    def keep_measurements(boot: Path, root_hash: str) -> None:
        (out / "base-16-vcpus.json").write_bytes(launch_measurements_json(boot, root_hash, vcpus=16))

    build_release(out, seed="base", on_measured=keep_measurements)
    build_release(out, seed="other")


def boot_args(root_hash: str) -> dict[str, str]:
    """The four kernel command lines of a release, by name, in the order of the file ``boot_args``."""
    return {
        f"BOOT_ARGS_{tee}{system}": (
            f"root=/dev/disk/by-partuuid/{_PARTITIONS[system]} console=ttyS0 nomodeset "
            f"dfinity.system={system} {'dfinity.tee=1 ' if tee else ''}"
            f"security=selinux selinux=1 enforcing=1 root_hash={root_hash}"
        )
        for tee in ("", "TEE_")
        for system in ("A", "B")
    }


def launch_measurements_json(boot: Path, root_hash: str, *, vcpus: int = RELEASE_VCPUS) -> bytes:
    """``launch-measurements.json`` of a boot tree, computed by ``sev-snp-measure``.

    Args:
        boot: folder with OVMF_SEV.fd, vmlinuz and initrd.img.
        root_hash: the dm-verity root hash of its root.img, 64 hex digits.
        vcpus: number of vCPUs; a release is measured with 64.
    """
    lines = boot_args(root_hash)
    entries = [
        {
            "measurement": list(
                calc_launch_digest(
                    SevMode.SEV_SNP,
                    vcpus,
                    CPU_SIGS[vcpu_type],
                    str(boot / "OVMF_SEV.fd"),
                    str(boot / "vmlinuz"),
                    str(boot / "initrd.img"),
                    lines[name],
                    0x1,
                )
            ),
            "metadata": {"kernel_cmdline": lines[name], "vcpu_type": vcpu_type},
        }
        for vcpu_type in RELEASE_CPU_TYPES
        for name in RELEASE_BOOT_ARGS
    ]
    return json.dumps({"guest_launch_measurements": entries}, separators=(",", ":")).encode() + b"\n"


def _build_root(work: Path, seed: str, sizes: ReleaseSizes) -> str:
    tree = work / "root"
    (tree / "etc").mkdir(parents=True)
    (tree / "opt/ic/share").mkdir(parents=True)
    (tree / "usr/lib").mkdir(parents=True)
    (tree / "etc/os-release").write_text('NAME="GuestOS practice release"\nID=practice\n')
    (tree / "opt/ic/share/version.txt").write_text(f"{release_commit(seed)}\n")
    _write_noise(tree / "usr/lib/libpractice.so", f"root {seed}", sizes.root_noise)
    line = f"A line of text that packs well, from the practice release {seed}.\n".encode()
    with (tree / "opt/ic/share/text").open("wb") as file:
        for at in range(0, sizes.root_text, MIB):
            length = min(MIB, sizes.root_text - at)
            file.write((line * (length // len(line) + 1))[:length])
    image = work / "root.img"
    write_ext4(image, tree, sizes.root_file_system, label="system_u:object_r:usr_t:s0")
    return add_verity_tree(image)


def _build_boot(work: Path, seed: str, sizes: ReleaseSizes, commit: str, root_hash: str) -> None:
    tree = work / "boot"
    tree.mkdir()
    (tree / "OVMF_SEV.fd").write_bytes(practice_firmware(seed, sizes.firmware))
    (tree / f"vmlinuz-{_KERNEL_VERSION}").write_bytes(practice_kernel(seed, sizes.kernel))
    (tree / f"initrd.img-{_KERNEL_VERSION}").write_bytes(practice_initrd(seed, sizes.initrd))
    for name in ("vmlinuz", "initrd.img"):
        (tree / name).symlink_to(f"{name}-{_KERNEL_VERSION}")
    (tree / "boot_args").write_text(
        "# Kernel command lines, one for each boot slot.\n"
        + "".join(f'{name}="{line}"\n' for name, line in boot_args(root_hash).items())
    )
    (tree / "version.txt").write_text(f"{commit}\n")
    (tree / "grub.cfg").write_text(
        "source $grubroot/boot_args\nlinux $root/vmlinuz $kernel_cmdline\ninitrd $root/initrd.img\nboot\n"
    )
    write_ext4(work / "boot.img", tree, sizes.boot_image, label=_LABEL)


def _write_image(file: IO[bytes], work: Path, commit: str) -> None:
    packer = _Packer(file)
    archive = SparseTar(packer)
    archive.add_sparse("boot.img", work / "boot.img")
    archive.add_sparse("root.img", work / "root.img")
    archive.add_bytes("VERSION.TXT", f"{commit}\n".encode())
    archive.close()
    packer.finish()


class _Packer:
    """A tar stream on its way into one zstd frame with a content checksum."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._compressor = zstd.ZstdCompressor(
            options={
                zstd.CompressionParameter.compression_level: 10,
                zstd.CompressionParameter.checksum_flag: 1,
            }
        )

    def write(self, data: bytes, /) -> None:
        self._file.write(self._compressor.compress(data))

    def finish(self) -> None:
        self._file.write(self._compressor.flush())


def _write_noise(path: Path, seed: str, size: int) -> None:
    """Incompressible bytes; drawn a mebibyte at a time so that a large file needs little memory."""
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            name = f"auditkit practice {seed} {at}".encode()
            file.write(shake_256(name).digest(min(MIB, size - at)))


def _sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError("a file of the release could not be read", where=str(path)) from error
