"""What a runbook is made of: how a host's candidate is rendered, and what is verified afterwards."""
