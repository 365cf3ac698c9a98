"""``python -m ffpms``: the same as ``ffpms``."""

from ffpms.cli import main

if __name__ == "__main__":  # a worker process imports this file too
    main(prog_name="ffpms")
