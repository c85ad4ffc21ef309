"""A pfSense for laboratories: real PHP, OpenBGPD or FRR, and strongSwan behind the paths and shells of a pfSense."""
