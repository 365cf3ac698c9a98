"""The experiments of Li 2020 as recipes of ``ffpms bench``: catalogue, what the data allows, the page of results."""
