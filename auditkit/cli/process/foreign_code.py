"""Says so when this very process may have taken modules from folders that a variable names."""

from __future__ import annotations

from auditkit.cli.printing import complain
from auditkit.interpreter import foreign_code


def warn_about_foreign_code() -> None:
    """One line on standard error, where variables let Python take modules from elsewhere; else nothing."""
    if names := foreign_code():
        which, them = " and ".join(names), "them" if len(names) > 1 else "it"
        complain(
            f"auditkit: {which} {'are' if len(names) > 1 else 'is'} set: a verdict is worth as much as the modules"
            f" in there; unset {them} (the processes of an audit run without {them})"
        )
