from .base_image import BaseImageStep, troubled_image, unread_image
from .decided import decide_image, with_attested
from .reading import digest_of_image, read_base_image
from .refused import strange_image, wrong_image
from .wanted import PublishedBeside, WantedImage

__all__ = [
    "BaseImageStep",
    "PublishedBeside",
    "WantedImage",
    "decide_image",
    "digest_of_image",
    "read_base_image",
    "strange_image",
    "troubled_image",
    "unread_image",
    "with_attested",
    "wrong_image",
]
