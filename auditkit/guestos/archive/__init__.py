"""The archive that an update image is: Zstandard, and in it a tar whose files have holes."""

from auditkit.guestos.archive.sparse_tar import (
    Member,
    UnknownMemberError,
    read_members,
)
from auditkit.guestos.archive.zstd_stream import (
    ZSTD_MAGIC,
    ZstdStream,
)

__all__ = [
    "ZSTD_MAGIC",
    "Member",
    "UnknownMemberError",
    "ZstdStream",
    "read_members",
]
