"""What `show` commands of an ASA print, read strictly: text that is not known is an error, never "no SA"."""
