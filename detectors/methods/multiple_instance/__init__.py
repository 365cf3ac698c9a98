"""Multiple instance learning: methods that learn from bags of faces with the label of the video."""
