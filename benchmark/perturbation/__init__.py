"""Robustness: perturbs the faces of test bags, and scores finished runs on them."""
