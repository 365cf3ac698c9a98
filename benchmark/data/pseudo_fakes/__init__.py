"""Forgeries made of real faces, which D-FWA and Face X-ray are trained on: arrays in, arrays out.

Landmarks are in px from the crop's upper left corner, as ``landmarks.parquet`` has them: the centre of the first pixel
is (0.5, 0.5).
"""
