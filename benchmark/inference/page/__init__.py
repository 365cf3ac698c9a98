"""Page: verdicts as one HTML file, with the videos, timelines and the faces that decided."""
