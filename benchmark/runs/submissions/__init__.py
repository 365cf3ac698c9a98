"""Submissions: other tools' scores with their card, checked against a set or its recipe."""
