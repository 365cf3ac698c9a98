"""Protocol: decides which frames are sampled and replaced, and their labels, without any pixels."""
