"""Linux hosts with FRRouting."""
