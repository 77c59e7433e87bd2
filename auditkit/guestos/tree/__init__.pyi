from .comparison import (
    ALTERNATIVE_PROPOSAL,
    Difference,
    DifferenceKind,
    TreeComparison,
    TreeSnapshot,
    compare_trees,
    excerpted_paths,
    snapshot_tree,
)
from .extraction import extract_tree
from .folder import copy_content, copy_folder, refuse_odd_names, walk_folder
from .manifest import ManifestEntry, tree_manifest
from .manifest_lines import entry_line, parse_entry_line, quoted, unquoted
from .tar import archive_end, entry_header, write_tree_tar

__all__ = [
    "ALTERNATIVE_PROPOSAL",
    "Difference",
    "DifferenceKind",
    "ManifestEntry",
    "TreeComparison",
    "TreeSnapshot",
    "archive_end",
    "compare_trees",
    "copy_content",
    "copy_folder",
    "entry_header",
    "entry_line",
    "excerpted_paths",
    "extract_tree",
    "parse_entry_line",
    "quoted",
    "refuse_odd_names",
    "snapshot_tree",
    "tree_manifest",
    "unquoted",
    "walk_folder",
    "write_tree_tar",
]
