"""The version of auditkit, written once."""

__version__ = "0.2.0"
