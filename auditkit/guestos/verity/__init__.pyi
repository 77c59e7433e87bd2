from .block_digests import BLOCK_SIZE, DIGEST_SIZE, SALT, ZERO_DIGEST, digest_blocks
from .hash_trees import hash_tree, tree_size
from .hasher import RootImageHasher, VerityRoot
from .leaves import BATCH
from .root_image import data_pieces, root_image_verity
from .superblock import (
    HASH_OFFSET,
    UUID,
    VERITY_MAGIC,
    VeritySuperblock,
    format_verity_superblock,
    parse_verity_superblock,
)

__all__ = [
    "BATCH",
    "BLOCK_SIZE",
    "DIGEST_SIZE",
    "HASH_OFFSET",
    "SALT",
    "UUID",
    "VERITY_MAGIC",
    "ZERO_DIGEST",
    "RootImageHasher",
    "VerityRoot",
    "VeritySuperblock",
    "data_pieces",
    "digest_blocks",
    "format_verity_superblock",
    "hash_tree",
    "parse_verity_superblock",
    "root_image_verity",
    "tree_size",
]
