"""What the list of known releases says against the measurements of an image, on a list made by hand."""

from __future__ import annotations

import pytest

from auditkit.audit import contradiction
from auditkit.sev import KnownRelease, PublishedMeasurement, all_releases

X, Y = "a" * 40, "b" * 40


def measurement(byte: int) -> bytes:
    return bytes([byte]) * 48


def release(version: str, *bytes_: int, build="production") -> KnownRelease:
    entries = tuple(PublishedMeasurement(measurement(byte), None, None) for byte in bytes_)
    return KnownRelease(version, build, "by hand", entries)


def said(*computed: int, known: tuple[KnownRelease, ...]) -> str:
    return contradiction(X, {measurement(byte) for byte in computed}, more=known)


@pytest.mark.parametrize(
    ("computed", "known"),
    [
        ((1, 2), ()),  # the list knows neither the release nor the measurements
        ((1, 2), (release(Y, 3),)),
        ((1, 2), (release(X, 1, 2),)),
        ((1,), (release(X, 1, 2),)),  # fewer settings than the release is measured for
        ((1, 3), (release(X, 1, 2),)),  # and one that it is not measured for
        ((1,), (release(X[:8], 1),)),  # a version of which only the first digits are known
        ((1,), (release(X, 1), release(Y, 1))),  # two releases that boot the same files
    ],
)
def test_nothing_is_contradicted(computed, known):
    assert said(*computed, known=known) == ""


@pytest.mark.parametrize(
    ("computed", "known", "named"),
    [
        ((1, 2), (release(Y, 1, 2),), f"2 of the 2 are those of the production build of release {Y}"),
        (
            (1, 2),
            (release(X, 1), release(Y, 2)),
            f"1 of the 2 are those of the production build of release {Y}",
        ),
        ((1,), (release(X, 2), release(Y, 1)), f"production build of release {Y}"),
        ((1,), (release(X, 1, build="development"),), f"the development build of release {X}"),
        ((1,), (release(X, 2),), f"has other measurements for {X}"),
        ((1,), (release(X[:8], 2),), f"has other measurements for {X}"),
    ],
)
def test_it_is_named_whose_measurements_they_are(computed, known, named):
    assert named in said(*computed, known=known)


def test_the_real_list_is_asked():
    first, second = [one for one in all_releases() if one.build == "production" and len(one.version) == 40][
        :2
    ]
    computed = {item.measurement for item in second.measurements}
    assert contradiction(second.version, computed) == ""
    assert second.version in contradiction(first.version, computed)
