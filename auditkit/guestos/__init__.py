"""What does the base release boot? Update images, boot partitions, boot arguments and dm-verity roots.

>>> from pathlib import Path
>>> from auditkit.guestos import parse_boot_args
>>> boot_args = parse_boot_args(Path("reports/sample/evidence/boot_args").read_bytes())
>>> list(boot_args.lines)
['BOOT_ARGS_A', 'BOOT_ARGS_B', 'BOOT_ARGS_TEE_A', 'BOOT_ARGS_TEE_B']

`read_guest_image` reads an update image or a boot partition in one pass. Nothing here uses the network, mounts
anything, or executes what it reads.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
