"""The files of a boot partition that go into a launch measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Ext4, FileType, Links
from auditkit.limits import LIMITS, Limits

BOOT_PATHS: Final[Mapping[str, str]] = {
    "kernel": "vmlinuz",
    "initrd": "initrd.img",
    "firmware": "OVMF_SEV.fd",
    "boot_args": "boot_args",
    "version": "version.txt",
}


MEASURED_FILES: Final[Mapping[str, str]] = {
    role: path for role, path in BOOT_PATHS.items() if role != "version"
}
"""The path of each file that goes into a launch measurement, by its role."""


@dataclass(frozen=True)
class BootFiles:
    """What a GuestOS boots.

    Attributes:
        kernel: content of ``/vmlinuz``.
        initrd: content of ``/initrd.img``.
        firmware: content of ``/OVMF_SEV.fd``.
        boot_args: content of ``/boot_args``; `auditkit.guestos.parse_boot_args` reads it.
        version_text: ``/version.txt`` without the space around it, ``None`` where there is no such file.
        names: for each role (``kernel``, ``initrd``, ``firmware``, ``boot_args``, ``version``) the path of
            the file after symbolic links, such as ``vmlinuz-6.14.0-36-generic``.
    """

    kernel: bytes
    initrd: bytes
    firmware: bytes
    boot_args: bytes
    version_text: str | None
    names: Mapping[str, str]

    @property
    def measured(self) -> Mapping[str, bytes]:
        """The content of each measured file, by role."""
        return {
            "kernel": self.kernel,
            "initrd": self.initrd,
            "firmware": self.firmware,
            "boot_args": self.boot_args,
        }

    @cached_property
    def sha256(self) -> Mapping[str, str]:
        """SHA-256 of each measured file, as 64 hex digits, by role."""
        return {role: hashlib.sha256(content).hexdigest() for role, content in self.measured.items()}


def read_boot_files(fs: Ext4, *, limits: Limits = LIMITS) -> BootFiles:
    """Reads the boot files of a boot partition, following symbolic links inside it.

    Args:
        fs: the file system of ``boot.img``.
        limits: bounds on sizes.

    Raises:
        EvidenceError: a file is missing, empty, too large or not a regular file, a link leads out of the
            image, or the file system is damaged.
    """
    tree = {entry.path: entry for entry in fs.walk()}
    links = Links(tree.values(), limits=limits)
    bounds = {
        "kernel": limits.kernel_bytes,
        "initrd": limits.initrd_bytes,
        "firmware": limits.firmware_bytes,
        "boot_args": limits.boot_args_bytes,
        "version": limits.version_bytes,
    }
    content: dict[str, bytes] = {}
    names: dict[str, str] = {}
    for role, path in BOOT_PATHS.items():
        if path.encode() not in tree:
            if role == "version":
                continue
            raise EvidenceError(
                f"the boot partition has no /{path}",
                hint="is this the boot.img of a GuestOS release that supports SEV-SNP?",
            )
        place = links.resolve(path)
        entry = tree[place]
        bound = bounds[role]
        if entry.type is not FileType.FILE:
            raise EvidenceError(
                f"/{path} of the boot partition is not a regular file", observed=entry.type.value
            )
        if not 0 < entry.size <= bound:
            raise EvidenceError(
                f"/{path} of the boot partition has an impossible size",
                expected=f"1 to {bound} bytes",
                observed=f"{entry.size} bytes",
            )
        content[role] = fs.read(place)
        names[role] = place.decode("utf-8", "backslashreplace")
    return BootFiles(
        kernel=content["kernel"],
        initrd=content["initrd"],
        firmware=content["firmware"],
        boot_args=content["boot_args"],
        version_text=version_text(content["version"]) if "version" in content else None,
        names=names,
    )


def version_text(data: bytes) -> str:
    """The text of a version file, without the space around it.

    Raises:
        EvidenceError: not printable ASCII.
    """
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise EvidenceError("the version file is not text") from error
    if not text.isprintable():
        raise EvidenceError("the version file is not one line of text", observed=repr(text[:80]))
    return text
