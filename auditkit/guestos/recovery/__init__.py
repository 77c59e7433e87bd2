"""A whole recovery image: the root file system that goes in, and the archive that holds it beside boot.img."""

from auditkit.guestos.recovery.archive import PackedImage, pack_update_image
from auditkit.guestos.recovery.root import RootImage, read_root_image

__all__ = ["PackedImage", "RootImage", "pack_update_image", "read_root_image"]
