"""Experiments of Li 2020 as recipes of ``ffpms bench``: catalogue, planning and result page."""
