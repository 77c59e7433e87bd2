"""Which of several places an error about parameters comes from: the file, an override, or a variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditkit.errors import ParameterError


def blamed(
    error: ParameterError,
    build: Callable[[Mapping[str, object]], object],
    beneath: Mapping[str, object],
    laid_over: Mapping[str, tuple[str, object]],
) -> str | None:
    """The place of the value without which there would not be this error; None when it is one of ``beneath``.

    Args:
        error: what ``build`` raised about all values.
        build: makes parameters of values, or raises.
        beneath: the values of the file.
        laid_over: values over these, by name: where each comes from, and the value.
    """
    for name, (place, _) in laid_over.items():
        others = {other: value for other, (_, value) in laid_over.items() if other != name}
        try:
            build({**beneath, **others})
        except ParameterError as without:
            if str(without) == str(error):
                continue
        return place
    return None
