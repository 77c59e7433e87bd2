"""What is new in a root file system: two of them compared, name by name, while they are streamed."""

from auditkit.guestos.roots.changed_lines import TextDifference
from auditkit.guestos.roots.comparison import ComparedRoot, RootComparison, compare_roots
from auditkit.guestos.roots.described import Described
from auditkit.guestos.roots.difference import RootDifference, SettingDifference
from auditkit.guestos.roots.folders import ChangeKind, Counts, FolderCounts
from auditkit.guestos.roots.notable import Notable, ReasonCount, fair_part
from auditkit.guestos.roots.telling import comparison_lines, in_words, setting_in_words

__all__ = [
    "ChangeKind",
    "ComparedRoot",
    "Counts",
    "Described",
    "FolderCounts",
    "Notable",
    "ReasonCount",
    "RootComparison",
    "RootDifference",
    "SettingDifference",
    "TextDifference",
    "compare_roots",
    "comparison_lines",
    "fair_part",
    "in_words",
    "setting_in_words",
]
