"""Measurements on a lab: ratios within one run, as absolute times differ between machines and hours."""
