"""NAPALM drivers for FRR, strongSwan and hosts that run both; NAPALM finds them here by platform name."""
