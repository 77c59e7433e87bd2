"""Step 3: what does the release boot (checks 18 to 22, with 51, or 59 of an election)?"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
