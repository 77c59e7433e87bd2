"""A boot tree: its manifest, its files in a folder, its archive, and how two trees differ."""

from auditkit.guestos.tree.comparison import (
    ALTERNATIVE_PROPOSAL,
    Difference,
    DifferenceKind,
    TreeComparison,
    TreeSnapshot,
    compare_trees,
    excerpted_paths,
    snapshot_tree,
)
from auditkit.guestos.tree.extraction import (
    extract_tree,
)
from auditkit.guestos.tree.folder import (
    copy_content,
    copy_folder,
    refuse_odd_names,
    walk_folder,
)
from auditkit.guestos.tree.manifest import (
    ManifestEntry,
    tree_manifest,
)
from auditkit.guestos.tree.manifest_lines import (
    entry_line,
    parse_entry_line,
    quoted,
    unquoted,
)
from auditkit.guestos.tree.tar import (
    archive_end,
    entry_header,
    write_tree_tar,
)

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
