"""What can go wrong, split by whose fault it is.

Every error says *what* went wrong, *where*, and, where there is one, a *hint* what to do about it. Errors cross
process boundaries (papermill, executors), so all of them pickle.
"""

from __future__ import annotations

import errno
from typing import Self


class AuditkitError(Exception):
    """Base of every error that auditkit raises on purpose.

    Args:
        what: one sentence that a governance voter understands, without a full stop's worth of jargon.
        where: file, URL, parameter or offset the sentence is about; empty when ``what`` already says it.
        hint: what the user can do; empty when there is nothing.
        expected: what was wanted, when a comparison failed.
        observed: what was found instead.
    """

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", expected: str = "", observed: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.expected = expected
        self.observed = observed

    @property
    def what_was_found(self) -> str:
        """``what``, and where a comparison failed, what was expected and what was found."""
        if not (self.expected or self.observed):
            return self.what
        return (
            f"{self.what} (expected {self.expected or 'something else'}, found {self.observed or 'nothing'})"
        )

    def __str__(self) -> str:
        text = f"{self.where}: {self.what_was_found}" if self.where else self.what_was_found
        return text if not self.hint else f"{text}; {self.hint}"

    def _render_traceback_(self) -> list[str]:
        """What Jupyter and IPython show of an error that ends a cell: its sentence, and no line of our code."""
        from auditkit.display import visible  # noqa: PLC0415  (no other use of an error needs it)

        return [f"{type(self).__name__}: {visible(str(self))}"]

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, dict(self.__dict__)))

    def at(self, where: str) -> Self:
        """The same error, told to be about ``where`` when it does not say so itself."""
        self.where = self.where or where
        return self


def _rebuild(kind: type[AuditkitError], what: str, state: dict[str, object]) -> AuditkitError:
    error = kind.__new__(kind)
    Exception.__init__(error, what)
    error.__dict__.update(state)
    return error


class EvidenceError(AuditkitError):
    """The bytes are bad: malformed, tampered with, outside a limit, or not what they claim to be."""


class SourceError(AuditkitError):
    """The bytes could not be had: no such file, no network, an answer that broke off."""


class ParameterError(AuditkitError):
    """The user asked for something that makes no sense."""


class MissingPackageError(AuditkitError):
    """A package that is needed is not installed; the hint is the command that installs it."""


class SigningError(AuditkitError):
    """A report could not be signed."""


class AuditFailedError(AuditkitError):
    """An audit reached the verdict FAIL or TROUBLE; raised by the last cell of a notebook, after the report."""


def in_words(error: Exception) -> str:
    """What the operating system says about ``error``, in lower case, to stand behind a colon."""
    if getattr(error, "errno", None) == errno.ELOOP:
        return "its links lead nowhere"
    return (getattr(error, "strerror", None) or str(error)).lower()
