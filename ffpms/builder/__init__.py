"""Builder: runs the extraction of every video and writes the tables of the data set."""
