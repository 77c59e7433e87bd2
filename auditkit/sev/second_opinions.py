"""A second opinion on launch measurements: the ``sev-snp-measure`` library, which dfinity's build calls.

Nothing of ours is used on the way: the library reads the files, has its own table of CPU types and its own
parser of firmware. It does not check its input, so it is only asked about settings that
`auditkit.sev.measurement` accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from auditkit.sev.measurement import LaunchMeasurement

LIBRARY = "sev-snp-measure"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A measurement on which the library does not agree.

    Attributes:
        computed: ours.
        other: the library's, 48 bytes; None when it gave none.
        reason: why it gave none; empty when it did.
    """

    computed: LaunchMeasurement
    other: bytes | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What the library said.

    Attributes:
        library, version: which library was asked.
        compared: number of measurements that it was asked about.
        disagreements: those on which it does not agree; empty when both agree on all.
    """

    library: str
    version: str
    compared: int
    disagreements: tuple[Disagreement, ...]


def second_opinion(
    measurements: Sequence[LaunchMeasurement], firmware: bytes, kernel: bytes, initrd: bytes
) -> SecondOpinion:
    """Computes every measurement again with ``sev-snp-measure``, one call each.

    Args:
        measurements: what `auditkit.sev.measure` gave for these files.
        firmware, kernel, initrd: the measured files. They are written to a temporary folder for the library.
    """
    from importlib.metadata import version  # noqa: PLC0415  (slow to load, like the library itself)

    with TemporaryDirectory(prefix="auditkit-") as folder:
        paths = {name: Path(folder, name) for name in ("firmware", "kernel", "initrd")}
        for name, data in (("firmware", firmware), ("kernel", kernel), ("initrd", initrd)):
            paths[name].write_bytes(data)
        disagreements = tuple(
            disagreement for item in measurements if (disagreement := _compare(item, paths)) is not None
        )
    return SecondOpinion(
        library=LIBRARY, version=version(LIBRARY), compared=len(measurements), disagreements=disagreements
    )


def _compare(item: LaunchMeasurement, paths: dict[str, Path]) -> Disagreement | None:
    try:
        other = _library_digest(item, paths)
    except Exception as error:  # noqa: BLE001  (whatever the library raises, it has not agreed)
        return Disagreement(item, None, f"{type(error).__name__}: {error}"[:300])
    return None if other == item.measurement else Disagreement(item, other)


def _library_digest(item: LaunchMeasurement, paths: dict[str, Path]) -> bytes:
    from sevsnpmeasure.guest import snp_calc_launch_digest  # noqa: PLC0415  (only here is it needed)
    from sevsnpmeasure.vcpu_types import CPU_SIGS  # noqa: PLC0415

    calculate: Callable[..., bytes] = snp_calc_launch_digest
    measured = item.kernel_hashes
    return calculate(
        vcpus=item.vcpus,
        vcpu_sig=CPU_SIGS[item.vcpu_type],
        ovmf_file=str(paths["firmware"]),
        kernel=str(paths["kernel"]) if measured else "",
        initrd=str(paths["initrd"]) if measured else "",
        append=item.kernel_cmdline if measured else "",
        guest_features=item.guest_features,
        ovmf_hash_str="",
    )
