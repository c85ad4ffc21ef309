"""SSH, shells and host keys, shared by platforms."""
