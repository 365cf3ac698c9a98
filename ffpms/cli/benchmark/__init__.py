"""Commands of the benchmark: what trains and scores detectors, and compares their scores."""
