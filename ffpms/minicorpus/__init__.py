"""The embedded corpus: rendered talking heads and four manipulations of them, in FaceForensics++'s shape."""
