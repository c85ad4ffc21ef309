"""What a change may endanger: sessions and tunnels, redundancy, and the management paths to its hosts."""
