from .archive import PackedImage, pack_update_image
from .root import RootImage, read_root_image

__all__ = [
    "PackedImage",
    "RootImage",
    "pack_update_image",
    "read_root_image",
]
