"""The corpora that are known: one module a corpus, each with its ``CORPUS``."""
