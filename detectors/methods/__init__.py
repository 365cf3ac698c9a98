"""Methods: one detector a file."""
