"""What does the base release boot? Update images, boot partitions, boot arguments and dm-verity roots.

>>> from pathlib import Path
>>> from auditkit.guestos import parse_boot_args
>>> boot_args = parse_boot_args(Path("reports/sample/evidence/boot_args").read_bytes())
>>> list(boot_args.lines)
['BOOT_ARGS_A', 'BOOT_ARGS_B', 'BOOT_ARGS_TEE_A', 'BOOT_ARGS_TEE_B']

`read_guest_image` reads an update image or a boot partition in one pass. Nothing here uses the network, mounts
anything, or executes what it reads.
"""

from auditkit.guestos.archive import UnknownMemberError
from auditkit.guestos.assembly import recovery_tree, write_folder_tar
from auditkit.guestos.boot_args import RELEASE_BOOT_ARGS, BootArgs, KernelCommandLine, parse_boot_args
from auditkit.guestos.boot_files import MEASURED_FILES, BootFiles, read_boot_files
from auditkit.guestos.ext4 import Entry, Ext4, FileType, Links
from auditkit.guestos.guest_image import GuestImage, read_guest_image
from auditkit.guestos.image_kind import ImageKind, image_kind, image_verity, open_boot_source
from auditkit.guestos.image_writer import write_ext4
from auditkit.guestos.outside_programs import e2fsprogs_version, find_program, run_program
from auditkit.guestos.tree import (
    ALTERNATIVE_PROPOSAL,
    Difference,
    DifferenceKind,
    ManifestEntry,
    TreeComparison,
    TreeSnapshot,
    compare_trees,
    entry_line,
    excerpted_paths,
    extract_tree,
    parse_entry_line,
    quoted,
    snapshot_tree,
    tree_manifest,
    unquoted,
    write_tree_tar,
)
from auditkit.guestos.update_image import UpdateImage, read_update_image
from auditkit.guestos.verity import VerityRoot, root_image_verity

__all__ = [
    "ALTERNATIVE_PROPOSAL",
    "MEASURED_FILES",
    "RELEASE_BOOT_ARGS",
    "BootArgs",
    "BootFiles",
    "Difference",
    "DifferenceKind",
    "Entry",
    "Ext4",
    "FileType",
    "GuestImage",
    "ImageKind",
    "KernelCommandLine",
    "Links",
    "ManifestEntry",
    "TreeComparison",
    "TreeSnapshot",
    "UnknownMemberError",
    "UpdateImage",
    "VerityRoot",
    "compare_trees",
    "e2fsprogs_version",
    "entry_line",
    "excerpted_paths",
    "extract_tree",
    "find_program",
    "image_kind",
    "image_verity",
    "open_boot_source",
    "parse_boot_args",
    "parse_entry_line",
    "quoted",
    "read_boot_files",
    "read_guest_image",
    "read_update_image",
    "recovery_tree",
    "root_image_verity",
    "run_program",
    "snapshot_tree",
    "tree_manifest",
    "unquoted",
    "write_ext4",
    "write_folder_tar",
    "write_tree_tar",
]
