"""The version of auditkit, written once."""

__version__ = "0.4.0"
