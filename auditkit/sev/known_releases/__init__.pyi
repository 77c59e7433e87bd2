from .catalogue import KnownRelease, all_releases, find_release, release_with_root, releases_for

__all__ = [
    "KnownRelease",
    "all_releases",
    "find_release",
    "release_with_root",
    "releases_for",
]
