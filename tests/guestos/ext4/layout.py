"""Where ext4 keeps its fields, by their names in the kernel.

From the kernel's ``Documentation/filesystems/ext4`` (super.rst, group_descr.rst, inodes.rst, ifork.rst,
directory.rst, attributes.rst) and not from the reader that is tested: name, offset, format of `struct`.
"""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, tuple[int, str]]

SUPERBLOCK: Fields = {
    "s_inodes_count": (0x0, "I"),
    "s_blocks_count_lo": (0x4, "I"),
    "s_first_data_block": (0x14, "I"),
    "s_log_block_size": (0x18, "I"),
    "s_log_cluster_size": (0x1C, "I"),
    "s_blocks_per_group": (0x20, "I"),
    "s_inodes_per_group": (0x28, "I"),
    "s_magic": (0x38, "H"),
    "s_state": (0x3A, "H"),
    "s_creator_os": (0x48, "I"),
    "s_rev_level": (0x4C, "I"),
    "s_first_ino": (0x54, "I"),
    "s_inode_size": (0x58, "H"),
    "s_feature_incompat": (0x60, "I"),
    "s_feature_ro_compat": (0x64, "I"),
    "s_uuid": (0x68, "16s"),
    "s_volume_name": (0x78, "16s"),
    "s_last_orphan": (0xE8, "I"),
    "s_desc_size": (0xFE, "H"),
    "s_blocks_count_hi": (0x150, "I"),
    "s_checksum_type": (0x175, "B"),
    "s_checksum_seed": (0x270, "I"),
    "s_checksum": (0x3FC, "I"),
}

GROUP_DESCRIPTOR: Fields = {
    "bg_inode_table_lo": (0x8, "I"),
    "bg_checksum": (0x1E, "H"),
    "bg_inode_table_hi": (0x28, "I"),
}

INODE: Fields = {
    "i_mode": (0x0, "H"),
    "i_uid": (0x2, "H"),
    "i_size_lo": (0x4, "I"),
    "i_mtime": (0x10, "i"),
    "i_gid": (0x18, "H"),
    "i_links_count": (0x1A, "H"),
    "i_blocks_lo": (0x1C, "I"),
    "i_flags": (0x20, "I"),
    "i_block": (0x28, "60s"),
    "i_generation": (0x64, "I"),
    "i_file_acl_lo": (0x68, "I"),
    "i_size_high": (0x6C, "I"),
    "l_i_blocks_high": (0x74, "H"),
    "l_i_file_acl_high": (0x76, "H"),
    "l_i_uid_high": (0x78, "H"),
    "l_i_gid_high": (0x7A, "H"),
    "l_i_checksum_lo": (0x7C, "H"),
    "i_extra_isize": (0x80, "H"),
    "i_checksum_hi": (0x82, "H"),
    "i_mtime_extra": (0x88, "I"),
}
FIXED_INODE_SIZE = 128
FLAG_ENCRYPT = 0x800
FLAG_INDEX = 0x1000
FLAG_HUGE_FILE = 0x40000
FLAG_EXTENTS = 0x80000
FLAG_VERITY = 0x100000
FLAG_EA_INODE = 0x200000
FLAG_INLINE_DATA = 0x10000000
FLAG_CASEFOLD = 0x40000000

EXTENT_HEADER: Fields = {
    "eh_magic": (0x0, "H"),
    "eh_entries": (0x2, "H"),
    "eh_max": (0x4, "H"),
    "eh_depth": (0x6, "H"),
}
EXTENT_INDEX: Fields = {
    "ei_block": (0x0, "I"),
    "ei_leaf_lo": (0x4, "I"),
    "ei_leaf_hi": (0x8, "H"),
}
EXTENT: Fields = {
    "ee_block": (0x0, "I"),
    "ee_len": (0x4, "H"),
    "ee_start_hi": (0x6, "H"),
    "ee_start_lo": (0x8, "I"),
}

DIRECTORY_ENTRY: Fields = {
    "inode": (0x0, "I"),
    "rec_len": (0x4, "H"),
    "name_len": (0x6, "B"),
    "file_type": (0x7, "B"),
    "name": (0x8, "1s"),
}
DIRECTORY_TAIL: Fields = {
    "det_reserved_zero1": (0x0, "I"),
    "det_rec_len": (0x4, "H"),
    "det_reserved_zero2": (0x6, "B"),
    "det_reserved_ft": (0x7, "B"),
    "det_checksum": (0x8, "I"),
}

INDEX_ROOT: Fields = {
    "dot_inode": (0x0, "I"),
    "dot_rec_len": (0x4, "H"),
    "dotdot_inode": (0xC, "I"),
    "dotdot_rec_len": (0x10, "H"),
    "reserved_zero": (0x18, "I"),
    "info_length": (0x1D, "B"),
    "indirect_levels": (0x1E, "B"),
    "limit": (0x20, "H"),
    "count": (0x22, "H"),
    "block": (0x24, "I"),
}
INDEX_NODE: Fields = {
    "fake_inode": (0x0, "I"),
    "fake_rec_len": (0x4, "H"),
    "limit": (0x8, "H"),
    "count": (0xA, "H"),
    "block": (0xC, "I"),
}
INDEX_ENTRY: Fields = {"hash": (0x0, "I"), "block": (0x4, "I")}

ATTRIBUTE_HEADER: Fields = {
    "h_magic": (0x0, "I"),
    "h_refcount": (0x4, "I"),
    "h_blocks": (0x8, "I"),
    "h_checksum": (0x10, "I"),
}
ATTRIBUTE_MAGIC = 0xEA020000
