"""What an operator runs: `routebook run NAME` takes the file of that name."""
