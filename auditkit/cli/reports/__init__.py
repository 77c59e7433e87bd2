"""The commands that take finished reports: sign, verify, compare, render, list."""
