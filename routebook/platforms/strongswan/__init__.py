"""Linux hosts with strongSwan, configured by swanctl files."""
