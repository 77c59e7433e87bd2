from .entry import Entry
from .image_file import holds_data_behind
from .inode import FileType
from .links import Links
from .reader import Ext4
from .superblock import (
    MAGIC,
    SUPERBLOCK_OFFSET,
    SUPERBLOCK_SIZE,
    Superblock,
    file_system_settings,
    parse_superblock,
)

__all__ = [
    "MAGIC",
    "SUPERBLOCK_OFFSET",
    "SUPERBLOCK_SIZE",
    "Entry",
    "Ext4",
    "FileType",
    "Links",
    "Superblock",
    "file_system_settings",
    "holds_data_behind",
    "parse_superblock",
]
