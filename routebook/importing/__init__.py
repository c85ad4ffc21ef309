"""Makes an inventory of configurations that are there: what was read, which ends belong together, what is written."""
