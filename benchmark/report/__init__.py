"""The report: a folder of runs as one HTML file, from stored scores without a model."""
