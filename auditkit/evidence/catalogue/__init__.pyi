from .catalogue import Catalogue, open_catalogue
from .entry import CatalogueEntry
from .folder import Unverified
from .lookup import Match, default_folder, look_up
from .update import Updated, update_catalogue

__all__ = [
    "Catalogue",
    "CatalogueEntry",
    "Match",
    "Unverified",
    "Updated",
    "default_folder",
    "look_up",
    "open_catalogue",
    "update_catalogue",
]
