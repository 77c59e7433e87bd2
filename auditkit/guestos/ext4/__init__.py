"""A strict reader of ext4 images, without root and without mounting."""

from auditkit.guestos.ext4.entry import Entry
from auditkit.guestos.ext4.image_file import holds_data_behind
from auditkit.guestos.ext4.inode import FileType
from auditkit.guestos.ext4.links import Links
from auditkit.guestos.ext4.reader import Ext4
from auditkit.guestos.ext4.superblock import (
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
