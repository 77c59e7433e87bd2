"""The outside programs: what they see of the machine and its user."""

from __future__ import annotations

import os

from auditkit.guestos import run_program


def test_a_program_sees_nothing_of_the_user_s_but_where_things_lie(tmp_path, monkeypatch):
    program = tmp_path / "mke2fs"
    program.write_text("#!/bin/sh\nenv >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in (
        "UNIX_IO_NOZEROOUT",
        "TEST_IO_FLAGS",
        "MKE2FS_FIRST_META_BG",
        "LD_PRELOAD_NONE",
        "LANG",
        "HOME",
    ):
        monkeypatch.setenv(name, "1")
    seen = {line.partition("=")[0] for line in run_program("mke2fs").splitlines()}
    assert seen - {"PWD", "_", "SHLVL", "OLDPWD"} == {  # a shell sets these itself
        "PATH", "TMPDIR", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH", "E2FSPROGS_FAKE_TIME", "MKE2FS_CONFIG",
        "DEBUGFS_PAGER",
    }  # fmt: skip
