"""Corpora on disk: each of ``corpora`` turns its layout into the same list of sources."""
