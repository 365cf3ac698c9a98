"""A built set in the formats of others: ``export.py`` composes the modules of ``formats``."""
