"""What the list of known releases says against the release that an image is audited as."""

from __future__ import annotations

from collections.abc import Collection

from auditkit.sev import KnownRelease, all_releases, releases_for


def contradiction(version: str, computed: Collection[bytes], *, more: Collection[KnownRelease] = ()) -> str:
    """One sentence if the list knows the measurements as those of another release, or the release with other ones.

    A development build is another release, also of the same version: it lets its developers in.

    Args:
        version: the audited base version, 40 hex digits.
        computed: the launch measurements of the image, 48 bytes each.
        more: releases that are known beside those of the list.

    Returns:
        An empty text when the list contradicts nothing, also when it knows neither.
    """
    wanted = set(computed)
    own = [release for release in (*more, *all_releases()) if _is(release, version)]
    right = {item.measurement for release in own for item in release.measurements}
    others = [hit for hit in releases_for(wanted - right, more=more) if not _is(hit[0], version)]
    if others:
        release, count = others[0]
        return f"According to the list of known releases, {count} of the {len(wanted)} are those of {release.text}."
    if own and not wanted & right:
        return (
            f"The list of known releases has other measurements for {version}: this is another image, or it was "
            "measured under settings that the release is not started with."
        )
    return ""


def _is(release: KnownRelease, version: str) -> bool:
    """Whether it is the audited release; the list has some versions by their first digits only."""
    return version.startswith(release.version) and release.build != "development"
