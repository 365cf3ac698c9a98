"""Protocol: which frames are sampled and replaced, and their labels. Pure: no pixels, no decoder."""
