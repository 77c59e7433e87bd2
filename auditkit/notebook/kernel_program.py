"""The program of a kernel: ipykernel without the configuration, the start-up files and the folder of its user.

Run by its path, so that no module of another folder can take its place.
"""

import os
import sys

# Where auditkit is found nowhere else, its own folder comes last.
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from typing import Any  # noqa: E402

from ipykernel.kernelapp import IPKernelApp  # noqa: E402


class OwnKernelApp(IPKernelApp):
    """The kernel of an audit."""

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Reads none: neither of the user, nor of this machine."""

    def init_path(self) -> None:
        """Does not add the current folder, as IPython does even where Python was told not to."""

    def init_code(self) -> None:
        """Runs nothing before the first cell."""


if __name__ == "__main__":
    OwnKernelApp.launch_instance()
