"""pfSense with IPsec, and BGP by the OpenBGPD or the FRR package."""
