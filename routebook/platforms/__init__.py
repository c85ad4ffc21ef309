"""One folder a platform: everything that is known of a vendor."""
