"""``ffpms verify``: a source tree against FaceForensics++'s rules, and a built set against its manifests."""
