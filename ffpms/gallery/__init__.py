"""Bags to look at: their crops in order, as a picture or as a page."""
