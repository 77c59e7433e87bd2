"""A catalogue of all elections of GuestOS versions: kept in a folder, brought up to date, and looked up offline."""

from auditkit.evidence.catalogue.catalogue import Catalogue, open_catalogue
from auditkit.evidence.catalogue.entry import CatalogueEntry
from auditkit.evidence.catalogue.folder import Unverified
from auditkit.evidence.catalogue.lookup import Match, default_folder, look_up
from auditkit.evidence.catalogue.update import Updated, update_catalogue

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
