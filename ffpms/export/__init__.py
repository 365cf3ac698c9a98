"""A built set in the formats of others: one module a format, which ``export.py`` composes."""
