"""Advice on videos that nobody published, in place of that on published ones."""

OWN_VIDEOS = {
    "download it again": "get it again",
    "not found; download it": "not found; correct its path in the table",
    "not found; download them": "not found; correct their paths in the table",
    "remove it, then download it": "write the path of the video itself",
    "compare its length and size with the official one": "compare their lengths and sizes, or leave its original empty",
    "compare its size with the official one": "compare their sizes, or leave its original empty",
    "compare it with the official one": "look at it, or leave their original empty",
}
"""Advice on somebody's own videos, by that on published ones."""
_RENDER = "run the same 'ffpms minicorpus' again"
RENDERED_VIDEOS = {
    "download it again": f"delete it, then {_RENDER}",
    "not found; download it": f"not found; {_RENDER}, or name with --split what is there",
    "not found; download them": f"not found; {_RENDER}, or name with --split what is there",
    "another video, or cut anew: compare its length and size with the official one": (
        "another video, or a head so still that its compression hides when it moves"
    ),
}
"""Advice on rendered videos."""
