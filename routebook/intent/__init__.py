"""What the network is meant to be: read from the inventory, checked as a whole, derived for each host."""
