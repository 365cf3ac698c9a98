"""Corpora on disk: a module for each corpus turns its layout into the same list of sources."""
