"""Extraction: decodes videos, finds their faces and cuts aligned crops."""
