"""A catalogue of all elections of GuestOS versions: kept in a folder, brought up to date, and looked up offline."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
