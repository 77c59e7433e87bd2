"""The program of a kernel: ipykernel without the configuration, the start-up files and the folder of its user.

Run by its path, so that no module of another folder can take its place. Its standard input is a pipe whose other end
the process has that started it.
"""

import gc
import os
import sys
from threading import Thread


def end_with_the_other_end(pipe: int) -> None:
    """Ends this process when nobody has the other end of ``pipe`` any more."""
    while os.read(pipe, 512):
        pass
    os._exit(1)


def take_lifeline() -> None:
    """Makes the standard input the pipe that this process lives by, and then an empty one, as a kernel has none."""
    lifeline = os.dup(0)
    Thread(target=end_with_the_other_end, args=(lifeline,), daemon=True).start()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    take_lifeline()
    gc.disable()  # nothing that is imported is garbage, and looking for some takes a fifth of the time

# Where auditkit is found nowhere else, its own folder comes last.
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from contextlib import suppress  # noqa: E402
from importlib import import_module  # noqa: E402
from typing import Any, Final  # noqa: E402

from ipykernel.kernelapp import IPKernelApp  # noqa: E402

IMPORTED: Final = (
    "auditkit.pipeline.audit",
    "auditkit.notebook.views",
    "auditkit.notebook.figures",
)
"""What the cells of notebooks import, while the process that runs them still imports papermill."""
_OBJECTS_BETWEEN_ROUNDS: Final = 20_000
"""How many more objects there are before the next round of the garbage collector; 700 is Python's own number."""


class OwnKernelApp(IPKernelApp):
    """The kernel of an audit."""

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Reads none: neither of the user, nor of this machine."""

    def init_path(self) -> None:
        """Does not add the current folder, as IPython does even where Python was told not to."""

    def init_code(self) -> None:
        """Runs nothing before the first cell."""


if __name__ == "__main__":
    for module in IMPORTED:
        with suppress(ImportError):  # a cell that imports it tells more
            import_module(module)
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_ROUNDS)
    gc.enable()
    OwnKernelApp.launch_instance()
