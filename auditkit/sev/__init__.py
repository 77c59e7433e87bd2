"""What a GuestOS measures to, under a matrix of settings, and what an unexpected measurement is.

>>> from pathlib import Path
>>> from auditkit.sev import find_release, measure, measured_boot, parse_launch_measurements
>>> evidence = Path("reports/sample/evidence")
>>> files = [(evidence / name).read_bytes() for name in ("OVMF_SEV.fd", "vmlinuz", "initrd.img")]
>>> listed = parse_launch_measurements((evidence / "launch-measurements.json").read_bytes())
>>> line = listed[0].kernel_cmdline
>>> computed = measure(measured_boot(*files), {"BOOT_ARGS_TEE_A": line}, vcpu_types=["EPYC-v4"])
>>> computed[0].measurement == listed[0].measurement
True
>>> find_release(computed[0].measurement) is None
True
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
