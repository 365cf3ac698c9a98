"""Pseudo-fakes made of real faces, on which D-FWA, Face X-ray and SBI are trained.

All functions take arrays and return arrays. Landmarks are in px from the crop's upper left corner,
as in ``landmarks.parquet``: the centre of the first pixel is (0.5, 0.5).
"""
