from .changed_lines import TextDifference
from .comparison import ComparedRoot, RootComparison, compare_roots
from .described import Described
from .difference import RootDifference, SettingDifference
from .folders import ChangeKind, Counts, FolderCounts
from .notable import Notable, ReasonCount, fair_part
from .telling import comparison_lines, in_words, setting_in_words
from .words.possible import require_possible

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
    "require_possible",
    "setting_in_words",
]
