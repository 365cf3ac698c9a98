"""Corpora on disk: one module a corpus turns its layout into the same list of sources."""
