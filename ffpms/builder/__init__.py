"""Builder: extracts the faces of every video and writes the tables of the data set."""
