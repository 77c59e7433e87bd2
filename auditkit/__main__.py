"""``python -m auditkit``, and what auditkit runs when it starts itself."""

import os
import sys

# Before anything else is imported: Python puts the current folder, or that of this file, first, and a folder of
# reports may hold modules too. Where auditkit is found nowhere else, its own folder comes last.
_PACKAGE = os.path.dirname(os.path.abspath(__file__))
try:
    _HERE = os.getcwd()
except OSError:  # a folder that was removed
    _HERE = ""
if not sys.flags.safe_path and sys.path[0] in ("", _HERE, _PACKAGE):
    del sys.path[0]
if os.path.dirname(_PACKAGE) not in sys.path:
    sys.path.append(os.path.dirname(_PACKAGE))

from auditkit.cli import main  # noqa: E402

main()
