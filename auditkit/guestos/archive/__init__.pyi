from .data_runs import DataRuns
from .sparse_tar import Member, UnknownMemberError, read_members
from .sparse_tar_writer import SparseTarWriter
from .zstd_stream import ZSTD_MAGIC, ZstdStream
from .zstd_writer import JOB_BYTES, LEVEL, OVERLAP_LOG, ZstdWriter, libzstd_version

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
