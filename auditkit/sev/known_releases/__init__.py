"""Launch measurements that published releases are known by."""

from auditkit.sev.known_releases.catalogue import KnownRelease, find_release, known_releases, releases_for

__all__ = ["KnownRelease", "find_release", "known_releases", "releases_for"]
