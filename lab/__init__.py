"""A real network on one machine, generated from the inventory: FRR, strongSwan, sshd and outside speakers."""
