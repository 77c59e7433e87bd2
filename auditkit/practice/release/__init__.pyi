from .build import build_release
from .published import PracticeRelease

__all__ = ["PracticeRelease", "build_release"]
