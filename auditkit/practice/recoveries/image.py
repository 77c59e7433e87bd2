"""Recovery images of the practice world.

They travel with the package as patches against the two practice releases, a few kilobytes each: zstd frames whose
dictionary is the two releases' archives. `build_recovery_patches` made them with the programs that real images are
made with; reading them takes none.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import IO, Final

from auditkit.atomic import write_atomically
from auditkit.errors import SourceError
from auditkit.evidence import IMAGE_NAME
from auditkit.guestos import Ext4, extract_tree, read_update_image, write_ext4
from auditkit.ic import GET_PROPOSAL_INFO, GOVERNANCE, call_content, cbor, encode_envelope
from auditkit.ic.candid import encode_nat64_argument
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.recovered import RECOVERED, Recovered
from auditkit.practice.release.build import SMALL
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.release.sparse_tar import SparseTar
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, scenario, scenarios

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FOLDER: Final = DATA / "recovery"
_LABEL: Final = "system_u:object_r:boot_t:s0"
_ARCHIVE_BYTES: Final = 64 << 20
_WINDOW_LOG: Final = 27


def recovery_image(recovered: Recovered, folder: Path) -> Path:
    """Writes the recovery image of a practice case into ``folder`` and gives its path."""
    patch = _patch_file(recovered).read_bytes()
    archive = zstd.decompress(patch, zstd_dict=_dictionary(), options=_window(zstd.DecompressionParameter))
    path = folder / f"recovery-{IMAGE_NAME}"
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: 3,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    write_atomically(path, zstd.compress(archive, options=options))
    return path


def _patch_file(recovered: Recovered) -> Path:
    return FOLDER / f"{recovered.name.lower().replace('_', '-')}.zst"


@cache
def _dictionary() -> zstd.ZstdDict:
    return zstd.ZstdDict(_archive(OTHER_COMMIT) + _archive(BASE_COMMIT), is_raw=True)


def _archive(commit: str) -> bytes:
    return bytes(zstd.decompress(_release_image(commit).read_bytes()))


def _release_image(commit: str) -> Path:
    return DATA / release_folder(commit) / IMAGE_NAME


def _window(parameter: type) -> dict[int, int]:
    if parameter is zstd.DecompressionParameter:
        return {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    return {
        zstd.CompressionParameter.compression_level: 19,
        zstd.CompressionParameter.window_log: _WINDOW_LOG,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
        zstd.CompressionParameter.checksum_flag: 1,
    }


def build_recovery_patches(out: Path = FOLDER) -> None:
    """Makes the patches anew.

    Raises:
        SourceError: mke2fs or debugfs is missing, or failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    for recovered in RECOVERED:
        with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
            archive = _build(recovered, Path(work))
        patch = zstd.compress(archive, zstd_dict=_dictionary(), options=_window(zstd.CompressionParameter))
        (out / _patch_file(recovered).name).write_bytes(patch)


def _build(recovered: Recovered, work: Path) -> bytes:
    with _release_image(BASE_COMMIT).open("rb") as file:
        base = read_update_image(file, work=work / "base", digest=False, verity=False)
    tree = work / "tree"
    with Ext4(base.boot_image) as fs:
        extract_tree(fs, tree)
    (tree / "lost+found").rmdir()  # mke2fs makes a new one
    (tree / "alternative_guestos_proposal.cbor").write_bytes(_certificate(_proposal_inside(recovered)))
    _change(recovered, tree)
    boot = work / "boot.img"
    write_ext4(boot, tree, SMALL.boot_image, label=_LABEL)
    root_of = BASE_COMMIT if recovered is Recovered.WRONG_ROOT else OTHER_COMMIT
    (work / "release.tar").write_bytes(_archive(root_of))
    with tarfile.open(work / "release.tar") as release:
        release.extract("root.img", work, filter="data")
    with (work / "recovery.tar").open("w+b") as out:
        _pack(out, boot, work / "root.img")
        out.seek(0)
        return out.read(_ARCHIVE_BYTES)


def _pack(out: IO[bytes], boot: Path, root: Path) -> None:
    archive = SparseTar(out)
    archive.add_sparse("boot.img", boot)
    archive.add_sparse("root.img", root)
    archive.add_bytes("VERSION.TXT", b"practice recovery build\n")
    archive.close()


def _proposal_inside(recovered: Recovered) -> int:
    """The proposal whose certificate lies in the image: the scenario's own, but where that is the trick."""
    if recovered is Recovered.OTHER_PROPOSAL:
        return scenario("honest").proposal_id
    return next(one.proposal_id for one in scenarios() if one.recovered is recovered)


def _certificate(proposal_id: int) -> bytes:
    """The certificate that a node gives for a call to the governance canister."""
    now_ns = 1_791_000_000 * 10**9
    content = call_content(
        GOVERNANCE,
        GET_PROPOSAL_INFO,
        encode_nat64_argument(proposal_id),
        ingress_expiry_ns=now_ns + 60 * 10**9,
    )
    nns = PracticeNns(now_ns=lambda: now_ns)
    answer = cbor.decode(nns.call("v4", GOVERNANCE, encode_envelope(content)).body)
    match answer:
        case {"certificate": bytes(certificate)}:
            return certificate
    raise SourceError("the practice NNS gave no certificate")


def _change(recovered: Recovered, tree: Path) -> None:
    match recovered:
        case Recovered.EXTRA_FILE:
            (tree / "authorized_keys").write_text("ssh-ed25519 AAAApractice somebody@example\n")
        case Recovered.CHANGED_KERNEL:
            kernel = next(tree.glob("vmlinuz-*"))
            content = bytearray(kernel.read_bytes())
            content[-1] ^= 1
            kernel.write_bytes(content)
        case Recovered.EDITED_BOOT_ARGS:
            text = (tree / "boot_args").read_text()
            (tree / "boot_args").write_text(text.replace("enforcing=1", "enforcing=0"))
        case _:
            pass
