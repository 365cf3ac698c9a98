"""Commands of data sets: what builds, checks, shows and exports one."""
