"""What platforms on Linux share: the transaction on the device, its shell scripts, reading and NAPALM's getters."""
