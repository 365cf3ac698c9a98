"""Methods: one detector per file."""
