"""What the drivers of Linux hosts share: the shell over SSH, the transaction on the device, NAPALM's getters."""
