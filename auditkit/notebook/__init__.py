"""How an audit is shown and run in Jupyter: steps become tables and figures, notebooks are run by papermill."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
