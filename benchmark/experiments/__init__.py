"""Experiments as recipes of ``ffpms bench``, of Li 2020 and localisation: catalogue and pages."""
