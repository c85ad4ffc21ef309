"""Keeps secrets, markup and control characters out of everything that leaves Routebook."""
