"""Where the Internet Computer answers, where releases of GuestOS are published, and what their files are called."""

from __future__ import annotations

from typing import Final

MAINNET_URLS: Final = ("https://icp-api.io", "https://icp0.io")
"""Boundary hosts of the mainnet, in the order in which they are asked."""

RELEASE_HOSTS: Final = ("download.dfinity.systems", "download.dfinity.network")
"""dfinity's host for downloads and its mirror, which have the same files."""

RELEASE_FOLDER: Final = "ic/{base_version}/guest-os/update-img"
"""Where a release lies on such a host."""

IMAGE_NAME: Final = "update-img.tar.zst"
MEASUREMENTS_NAME: Final = "launch-measurements.json"

IMAGE_URLS: Final = tuple(f"https://{host}/{RELEASE_FOLDER}/{IMAGE_NAME}" for host in RELEASE_HOSTS)
"""Where base images are published."""

ATTESTATIONS_URL: Final = "https://api.github.com/repos/dfinity/ic/attestations"
"""Where GitHub lists the attestations of dfinity/ic, by the digests of the files that they are about."""
