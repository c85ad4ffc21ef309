"""What a change may endanger: the sessions and tunnels it touches, redundancy, and the way to its hosts."""
