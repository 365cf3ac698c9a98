"""HTML pages in one file: the base page that every page of ffpms extends, and pictures in it."""

from ffpms.html.page import render
from ffpms.html.pictures import image_uri

__all__ = ["image_uri", "render"]
