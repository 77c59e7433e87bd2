"""Launch measurements that published releases are known by."""

from auditkit.sev.known_releases.catalogue import (
    KnownRelease,
    all_releases,
    find_release,
    release_with_root,
    releases_for,
)

__all__ = ["KnownRelease", "all_releases", "find_release", "release_with_root", "releases_for"]
