"""Frame classifiers: methods that judge each face alone; a video is an aggregate of its faces."""
