"""The machine: its cores, its memory, and the limits that a container sets on them."""
