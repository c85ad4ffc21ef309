"""A lab Cisco ASA: the device's command line over SSH, in front of a real FRR bgpd and a real charon."""
