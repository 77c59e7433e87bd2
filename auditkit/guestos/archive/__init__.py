"""The archive that an update image is: Zstandard, and in it a tar whose files have holes."""

from auditkit.guestos.archive.data_runs import DataRuns
from auditkit.guestos.archive.sparse_tar import (
    Member,
    UnknownMemberError,
    read_members,
)
from auditkit.guestos.archive.sparse_tar_writer import SparseTarWriter
from auditkit.guestos.archive.zstd_stream import (
    ZSTD_MAGIC,
    ZstdStream,
)
from auditkit.guestos.archive.zstd_writer import JOB_BYTES, LEVEL, OVERLAP_LOG, ZstdWriter, libzstd_version

__all__ = [
    "JOB_BYTES",
    "LEVEL",
    "OVERLAP_LOG",
    "ZSTD_MAGIC",
    "DataRuns",
    "Member",
    "SparseTarWriter",
    "UnknownMemberError",
    "ZstdStream",
    "ZstdWriter",
    "libzstd_version",
    "read_members",
]
