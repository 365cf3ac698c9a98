"""``ffpms verify``: checks a source tree before a build, and a built set after it."""
