"""The embedded corpus: rendered talking heads and four manipulations of them.

It has the folder layout of FaceForensics++.
"""
