from .image import recovery_image

__all__ = ["recovery_image"]
