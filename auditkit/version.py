"""The version of auditkit, written once."""

__version__ = "0.6.2"
