from .archive import UnknownMemberError
from .assembly import recovery_tree, write_folder_tar
from .boot_args import RELEASE_BOOT_ARGS, BootArgs, KernelCommandLine, parse_boot_args
from .boot_files import MEASURED_FILES, BootFiles, read_boot_files
from .ext4 import Entry, Ext4, FileType, Links
from .guest_image import GuestImage, read_guest_image
from .image_kinds import ImageKind, image_kind, image_verity, open_boot_source
from .image_writer import write_ext4
from .outside_programs import e2fsprogs_version, find_program, run_program
from .tree import (
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
from .update_image import UpdateImage, read_update_image
from .verity import VerityRoot, root_image_verity

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
