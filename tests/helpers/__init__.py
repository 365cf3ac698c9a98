"""What tests share: small data sets, scores and processes."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""
