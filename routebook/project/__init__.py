"""The project on this machine: its inventory, secrets, state folder, and whose it is."""
