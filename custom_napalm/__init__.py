"""NAPALM drivers for FRR, strongSwan, hosts that run both, Cisco ASA and pfSense, found here by platform name."""
