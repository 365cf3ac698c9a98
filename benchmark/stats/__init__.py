"""Statistics: bootstrap intervals and significance tests over test pairs."""
