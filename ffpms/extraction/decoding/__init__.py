"""Decoding: opens videos, tells whether they are whole, and decodes only the wanted frames."""
