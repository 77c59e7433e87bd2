"""File capabilities in words: what a program may do whoever starts it.

Layout and names: ``include/uapi/linux/capability.h`` of the kernel (``struct vfs_ns_cap_data``).
"""

from __future__ import annotations

import struct
from typing import Final

ATTRIBUTE: Final = b"security.capability"
"""The extended attribute that holds them."""
_EFFECTIVE: Final = 1
_WORDS: Final = {1: 1, 2: 2, 3: 2}  # 32-bit words of each set, by revision
_NAMES: Final = (  # noqa: SIM905  (as many words as a list, and a third of the characters)
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service"
    " net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin"
    " sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override"
    " mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split()


def capabilities_in_words(value: bytes) -> str:
    """What an attribute grants, such as ``permitted and effective: net_admin, net_raw``.

    One that grants nothing is told as ``present, empty``, which is not to have none; a value that is not of a known
    form is told as hex digits.
    """
    found = _sets(value)
    if found is None:
        return f"of an unknown form: {value[:64].hex()}"
    permitted, inheritable, effective, root = found
    told = []
    if permitted:
        told.append(f"permitted{' and effective' if effective else ''}: {_listed(permitted)}")
    if inheritable:
        told.append(f"inheritable{' and effective' if effective else ''}: {_listed(inheritable)}")
    if root:
        told.append(f"in user namespaces of user {root}")
    return "; ".join(told) or "present, empty"


def _sets(value: bytes) -> tuple[int, int, bool, int] | None:
    """The permitted and the inheritable set, whether they are effective, and whose namespaces they count in."""
    if len(value) < 4:
        return None
    (head,) = struct.unpack_from("<I", value)
    revision, flags = head >> 24, head & 0xFFFFFF
    words = _WORDS.get(revision)
    if words is None or flags & ~_EFFECTIVE or len(value) != 4 + 8 * words + (4 if revision == 3 else 0):
        return None
    pairs = [struct.unpack_from("<II", value, 4 + 8 * word) for word in range(words)]
    permitted = sum(pair[0] << 32 * word for word, pair in enumerate(pairs))
    inheritable = sum(pair[1] << 32 * word for word, pair in enumerate(pairs))
    root = struct.unpack_from("<I", value, 4 + 8 * words)[0] if revision == 3 else 0
    return permitted, inheritable, bool(flags & _EFFECTIVE), root


def _listed(bits: int) -> str:
    return ", ".join(
        _NAMES[bit] if bit < len(_NAMES) else f"number {bit}"
        for bit in range(bits.bit_length())
        if bits >> bit & 1
    )
