"""Cells to tables that people read."""
