"""The contract: what a run asks of a device, and the values that pass."""
