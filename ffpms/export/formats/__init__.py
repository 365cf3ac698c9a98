"""The formats of an export: one module a format, each with its ``FORMAT``."""
