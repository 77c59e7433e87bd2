"""Which packages auditkit needs, and what to tell when one is not installed.

Checking and verifying work without the packages of the notebooks: ``locks/verify.txt`` leaves them out.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

from auditkit.errors import MissingPackageError

NOTEBOOK_MODULES: Final = ("ipykernel", "matplotlib", "nbclient", "nbformat", "pandas", "papermill")
"""What only a notebook needs, here or in its kernel."""

PACKAGES: Final = MappingProxyType(
    {
        **({"backports.zstd": "backports.zstd"} if sys.version_info < (3, 14) else {}),
        "bcrypt": "bcrypt",
        "cbor2": "cbor2",
        "click": "click",
        "cryptography": "cryptography",
        "google_crc32c": "google-crc32c",
        "jinja2": "jinja2",
        "lazy_loader": "lazy-loader",
        "platformdirs": "platformdirs",
        "py_arkworks_bls12381": "py-arkworks-bls12381",
        "pyblst": "pyblst",
        "pydantic": "pydantic",
        "requests": "requests",
        "rich": "rich",
        "sevsnpmeasure": "sev-snp-measure",
        "urllib3": "urllib3",
        "yaml": "pyyaml",
        **{name: name for name in NOTEBOOK_MODULES},
    }
)
"""The module that each package brings, and the name by which pip knows the package."""

EXTRA_PACKAGES: Final = MappingProxyType({"sigstore": "sigstore>=4.5"})
"""The modules of extras that a question may need, and what pip installs for each.

Never ``auditkit[...]``: the name auditkit in the public index of packages is another program.
"""


def pip_command(*packages: str) -> str:
    """The command that installs packages where this process would find them."""
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])


def require_modules(modules: Iterable[str]) -> None:
    """Makes sure that modules are there before work begins that needs them later, or in another process.

    Raises:
        MissingPackageError: one is not.
    """
    for module in modules:
        if not _is_there(module):
            raise _missing(PACKAGES[module])


def require_extra(module: str) -> None:
    """Makes sure that the module of an extra is there, before work begins that needs it later.

    Raises:
        MissingPackageError: it is not.
    """
    if not _is_there(module):
        raise _missing_extra(module, EXTRA_PACKAGES[module])


def missing_package(error: ModuleNotFoundError) -> MissingPackageError | None:
    """What a failed import means to a user; None when it is no package of ours that is missing."""
    wanted = (error.name or "").replace("-", "_")  # importlib.metadata names the package
    for module, extra in EXTRA_PACKAGES.items():
        if module == wanted.split(".")[0]:
            return _missing_extra(module, extra)
    for module, package in PACKAGES.items():
        if module.split(".")[0] == wanted.split(".")[0] or package.replace("-", "_") == wanted:
            return _missing(package)
    return None


def _missing(package: str) -> MissingPackageError:
    lacking = [name for module, name in PACKAGES.items() if name == package or not _is_there(module)]
    what = f"this needs the package {package}, which is not installed"
    return MissingPackageError(what, hint=pip_command(*lacking))


def _missing_extra(module: str, extra: str) -> MissingPackageError:
    return MissingPackageError(
        f"this needs the package {module}, which is not installed", hint=pip_command(extra)
    )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # what it is in is not there
        return False
