"""Linux hosts with FRRouting and strongSwan."""
