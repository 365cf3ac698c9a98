"""Terms: what may be passed on of an export."""

PIXELS = (
    "The pixels may not be passed on: FaceForensics++ forbids it for its videos and for faces cut out of them. "
    "For videos of your own or of another corpus, their terms decide."
)
ONE_LINE = "Pixels of FaceForensics++ may not be passed on; 'ffpms export DATA --recipe-only' writes what may be."
NO_PIXELS = "There are no pixels in it, so it may be published."
INSTEAD = "Publish the recipe instead: ffpms export DATA --recipe-only --out DIR."

RECIPE_LICENCE = "recipe-without-pixels"
"""Name of the licence of an export without pixels; the owner of the recipe may choose another."""
